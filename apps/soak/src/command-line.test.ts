import { expect, test } from 'vitest'
import { parseCommandLine, USAGE } from './command-line.ts'
import { planFor } from './plan.ts'

const parse = (...args: string[]) => parseCommandLine(args, () => 99)

test('without options it runs a minute, with a seed of chance', () => {
  expect(parse()).toEqual({ kind: 'run', plan: planFor({ seconds: 60, quick: false, seed: 99 }) })
})

test('the time and the seed can be chosen', () => {
  const plan = planFor({ seconds: 600, quick: false, seed: 7 })
  expect(parse('--seconds', '600', '--seed', '7')).toEqual({ kind: 'run', plan })
})

test('a quick run is always the same one', () => {
  expect(parse('--quick')).toEqual({ kind: 'run', plan: planFor({ seconds: 18, quick: true, seed: 1 }) })
  expect(parse('--quick', '--seed', '7')).toMatchObject({ plan: { seed: 7 } })
})

test('a storm is another thing', () => {
  expect(parse('--storm')).toEqual({ kind: 'storm' })
})

test.for(['0', '1.5', 'ten', '-3', '100000', ''])('a time of "%s" is refused', (value) => {
  expect(parse(`--seconds=${value}`)).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining('--seconds') })
})

test('an option that there is not is refused', () => {
  expect(parse('--fast')).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining('--fast') })
})

test('it explains itself', () => {
  expect(parse('--help')).toEqual({ kind: 'help' })
  for (const option of ['--seconds', '--quick', '--seed', '--storm', '--help']) expect(USAGE).toContain(option)
})
