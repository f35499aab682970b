/** `both`, or `all 4`. */
export function all(count: number): string {
  return count === 2 ? 'both' : `all ${count}`
}

/** The others, given their number. */
export function theOthers(count: number): string {
  return count === 1 ? 'the other' : 'the others'
}
