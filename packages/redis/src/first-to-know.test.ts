import { expect, test } from 'vitest'
import { firstToKnow } from './first-to-know.ts'

const NODES = [1, 2, 3].map((port) => ({ host: 'host', port }))
const FOUND = { host: 'master', port: 6379 }

test('the first that answers is believed, and nobody else is asked', async () => {
  const asked: number[] = []
  const found = await firstToKnow(NODES, async ({ port }) => {
    asked.push(port)
    return FOUND
  })
  expect([found, asked.length]).toEqual([FOUND, 1])
})

test('nodes that fail, do not know or say nothing are passed over', async () => {
  const asked = new Set<number>()
  const found = await firstToKnow(NODES, async ({ port }) => {
    asked.add(port)
    if (asked.size === 1) throw new Error('down')
    return asked.size === 2 ? new Promise(() => undefined) : FOUND
  })
  expect([found, asked.size]).toEqual([FOUND, 3])
  expect(await firstToKnow(NODES, async ({ port }) => (port === 2 ? FOUND : undefined))).toEqual(FOUND)
})

test('one that takes long is believed when nobody else knows', async () => {
  let answer: (found: typeof FOUND) => void = () => {}
  const slow = new Promise<typeof FOUND>((resolve) => (answer = resolve))
  let asked = 0
  const found = firstToKnow(NODES, async () => {
    asked++
    if (asked === 1) return slow
    if (asked === 3) answer(FOUND)
    throw new Error('down')
  })
  expect(await found).toEqual(FOUND)
})

test('it says why when none knows', async () => {
  await expect(firstToKnow(NODES, async () => undefined)).rejects.toThrow('does not know where Redis is')
  await expect(firstToKnow(NODES, () => Promise.reject(new Error('down')))).rejects.toThrow('down')
})

test('another one is asked first each time', async () => {
  const first = new Set<number>()
  for (let count = 0; count < 100; count++) {
    await firstToKnow(NODES, async ({ port }) => {
      first.add(port)
      return FOUND
    })
  }
  expect(first.size).toBe(3)
})
