import { expect, test } from 'vitest'
import { combinedFailure } from './combined-failure.ts'

const notFound = new Error('not found')
const knowsIt = (error: unknown) => error !== notFound
const knowsNothing = () => true
const breaks = () => {
  throw new Error('broken')
}

test('an error is a failure if each judge says so, and one that knows better is enough', () => {
  const isFailure = combinedFailure(knowsNothing, knowsIt, knowsNothing)
  expect([isFailure(notFound), isFailure(new Error('down'))]).toEqual([false, true])
})

test('a judge that throws says that it is a failure, and the others are asked all the same', () => {
  const isFailure = combinedFailure(breaks, knowsIt)
  expect([isFailure(notFound), isFailure(new Error('down'))]).toEqual([false, true])
})

test.each([undefined, null, 0, '', Promise.resolve(false)])('only false is no failure, not %s', (answer) => {
  expect(combinedFailure((() => answer) as never)(notFound)).toBe(true)
})

test('of no judges it is the default: every error is a failure', () => {
  expect(combinedFailure()(notFound)).toBe(true)
})

test('it can be combined again', () => {
  expect(combinedFailure(combinedFailure(knowsIt), combinedFailure(breaks))(notFound)).toBe(false)
})

test('a judge that is no function is told at once', () => {
  expect(() => combinedFailure(knowsIt, undefined as never)).toThrow('judges[1] must be a function; received undefined')
})
