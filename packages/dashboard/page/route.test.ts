import { expect, test } from 'vitest'
import { fragmentOf, serviceOfFragment } from './route.ts'

test.each(['fleet', 'legacy.mainframe:bridge', 'a/b#c%'])('the address of %s leads to it', (name) => {
  expect(serviceOfFragment(fragmentOf(name))).toBe(name)
})

test.each(['', '#/', '#/services/', '#/services/%', '#elsewhere'])('%o leads to all services', (fragment) => {
  expect(serviceOfFragment(fragment)).toBeNull()
})
