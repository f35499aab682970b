/** How often to ask among so many others: a balancer may choose by chance. */
export function triesAmong(others: number, least: number): number {
  return Math.max(least, 2 * others)
}

/** Asks up to `tries` times, at once, until the one answers that is meant; the last answer, if none did. */
export async function persist<A>(
  tries: number,
  ask: () => Promise<A>,
  otherIn: (answer: A) => string | null,
): Promise<A> {
  const answer = await ask()
  return tries > 1 && otherIn(answer) !== null ? persist(tries - 1, ask, otherIn) : answer
}
