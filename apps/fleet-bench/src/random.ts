/** Numbers in 0 … 1. */
export type Random = () => number

/** The same numbers for the same seed: mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One of them, each as likely as any other. @throws RangeError when there are none */
export function oneOf<T>(items: readonly T[], random: Random): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('There is none')
  return item
}

/** One of the names, as likely as its weight says. */
export function weighted<K extends string>(weights: Readonly<Record<K, number>>, random: Random): K {
  const names = keysOf(weights)
  let left = random() * names.reduce((sum, name) => sum + weights[name], 0)
  for (const name of names) {
    left -= weights[name]
    if (left < 0) return name
  }
  return oneOf(names, random)
}

function keysOf<K extends string>(record: Readonly<Record<K, number>>): K[] {
  const keys: K[] = []
  for (const key in record) keys.push(key)
  return keys
}
