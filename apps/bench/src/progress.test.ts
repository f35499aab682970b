import { expect, test } from 'vitest'
import { createProgressDisplay } from './progress.ts'

function writtenTo(stream: { isTTY?: boolean; columns?: number }): string[] {
  const written: string[] = []
  const display = createProgressDisplay({ ...stream, write: (text) => written.push(text) })
  for (let step = 1; step <= 200; step++) display.show({ step, steps: 200, label: `measuring number ${step}` })
  display.end()
  return written
}

test('at a terminal one line is written over and over, never longer than the terminal is wide', () => {
  const written = writtenTo({ isTTY: true, columns: 20 })
  expect(written).toHaveLength(201)
  for (const text of written) {
    expect(text.startsWith('\r\u001B[K')).toBe(true)
    expect(text).not.toContain('\n')
    expect(text.replace('\r\u001B[K', '').length).toBeLessThan(20)
  }
  expect(written.at(-1)).toBe('\r\u001B[K')
})

test('elsewhere a line is written for each tenth', () => {
  const written = writtenTo({})
  expect(written).toHaveLength(10)
  expect(written[0]).toBe('  0 % measuring number 1\n')
  expect(written[5]).toBe(' 50 % measuring number 101\n')
})
