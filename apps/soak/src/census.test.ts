import { expect, test } from 'vitest'
import { Census } from './census.ts'

test('what runs at once is counted, the most of it remembered', () => {
  const census = new Census()
  const [end] = [census.begin(), census.begin()]
  end?.()
  census.begin()
  expect(census.peak).toBe(2)
})

test('what was lost in a trouble counts no more, and its late end does not either', () => {
  const census = new Census()
  const endings = [1, 2, 3].map(() => census.begin())
  census.writeOff()
  census.begin()
  for (const end of endings) end()
  census.begin()
  expect(census.peak).toBe(3)
})
