import { expect, test } from 'vitest'
import { parseCommandLine, usage } from './command-line.ts'

const NAMES = ['opening', 'probes', 'random']
const parse = (...args: string[]) => parseCommandLine(args, NAMES, () => 99)

test('without options it runs all of them, with a seed of chance', () => {
  expect(parse()).toEqual({ kind: 'run', names: NAMES, isFull: true, isQuick: false, seed: 99 })
})

test('a part is run in its order, and is no full run', () => {
  expect(parse('--only', 'random,opening')).toMatchObject({ names: ['opening', 'random'], isFull: false })
})

test('a quick run is always the same one, and is no full run', () => {
  expect(parse('--quick')).toMatchObject({ names: NAMES, isFull: false, isQuick: true, seed: 1 })
  expect(parse('--quick', '--seed', '7')).toMatchObject({ seed: 7 })
})

test('a seed does not make a run shorter', () => {
  expect(parse('--seed', '7')).toMatchObject({ isFull: true, seed: 7 })
})

test.for(['', 'opening,', 'closing'])('a part "%s" is refused', (only) => {
  expect(parse(`--only=${only}`)).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining('--only') })
})

test.for(['0', '1.5', 'ten', '-3', '4294967296', ''])('a seed of "%s" is refused', (seed) => {
  expect(parse(`--seed=${seed}`)).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining('--seed') })
})

test('an option that there is not is refused', () => {
  expect(parse('--fast')).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining('--fast') })
})

test('it explains itself', () => {
  expect(parse('--help')).toEqual({ kind: 'help' })
  for (const word of ['--only', '--quick', '--seed', '--help', ...NAMES]) expect(usage(NAMES)).toContain(word)
})
