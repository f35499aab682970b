import { expect, test } from 'vitest'
import { hurriedTimers } from './hurried-timers.ts'

/** Counts, and goes on counting in an hour. */
function countHourly(counted: number[]): string {
  const count = (): void => {
    counted.push(counted.length + 1)
    setTimeout(count, 3_600_000).unref()
  }
  setTimeout(count, 3_600_000).unref()
  return 'counting'
}

test('timers come due when they are told to, and those that they set the next time', () => {
  const counted: number[] = []
  const { result, letPass } = hurriedTimers(() => countHourly(counted))
  expect(result).toBe('counting')
  expect(counted).toEqual([])
  letPass()
  expect(counted).toEqual([1])
  letPass()
  expect(counted).toEqual([1, 2])
})

test('released timers take their time', async () => {
  const due = new Promise<string>((resolve) => {
    const { release } = hurriedTimers(() => setTimeout(() => resolve('due'), 1))
    release()
  })
  // A released timer keeps no process alive; this one does.
  const keptAlive = setInterval(() => {}, 1_000)
  expect(await due).toBe('due')
  clearInterval(keptAlive)
})

test('other timers are not held', () => {
  const { setTimeout: before } = globalThis
  const { letPass } = hurriedTimers(() => setTimeout(() => {}, 1))
  expect(globalThis.setTimeout).toBe(before)
  letPass()
  expect(globalThis.setTimeout).toBe(before)
})
