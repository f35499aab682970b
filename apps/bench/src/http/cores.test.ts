import { expect, test } from 'vitest'
import { coresAmong } from './cores.ts'

test('load and server get the first and the last core, and viewers one between them', () => {
  expect(coresAmong('0-3')).toEqual({ load: 0, viewers: 2, server: 3 })
  expect(coresAmong('0-1,6')).toEqual({ load: 0, viewers: 1, server: 6 })
  expect(coresAmong('2,4,5-7')).toEqual({ load: 2, viewers: 5, server: 7 })
})

test('with two cores, viewers share the one of the load', () => {
  expect(coresAmong('0,1')).toEqual({ load: 0, viewers: 0, server: 1 })
})

test('with one core, nobody has one to himself', () => {
  expect(coresAmong('0')).toBeUndefined()
  expect(coresAmong('')).toBeUndefined()
})
