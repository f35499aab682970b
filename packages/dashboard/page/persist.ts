/** How often to try with this number of other processes: a load balancer may choose randomly. */
export function triesAmong(others: number, least: number): number {
  return Math.max(least, 2 * others)
}

/** Asks up to `tries` times until the requested process answers; returns the last answer otherwise. */
export async function persist<A>(
  tries: number,
  ask: () => Promise<A>,
  otherIn: (answer: A) => string | null,
): Promise<A> {
  const answer = await ask()
  return tries > 1 && otherIn(answer) !== null ? persist(tries - 1, ask, otherIn) : answer
}
