/** All of so many. */
export function all(count: number): string {
  return count === 2 ? 'both' : `all ${count}`
}

/** So many more than the one that was spoken of. */
export function theOthers(count: number): string {
  return count === 1 ? 'the other' : 'the others'
}
