import { expect, test } from 'vitest'
import { SustainedPeak } from './sustained.ts'

const peakOf = (...samples: number[]): number => {
  const peak = new SustainedPeak()
  for (const value of samples) peak.sample(value)
  return peak.take()
}

test('what is there for a moment is none', () => {
  expect(peakOf(5, 5, 90, 90, 5, 5, 5)).toBe(5)
})

test('what is there for a while is one', () => {
  expect(peakOf(5, 30, 31, 40, 30, 5)).toBe(30)
})

test('a stretch that was interrupted proves nothing', () => {
  const peak = new SustainedPeak()
  for (const value of [30, 30, 30]) peak.sample(value)
  peak.interrupt()
  for (const value of [30, 30, 30]) peak.sample(value)
  expect(peak.take()).toBe(0)
})

test('taken, it begins anew', () => {
  const peak = new SustainedPeak()
  for (const value of [30, 30, 30, 30, 2, 2, 2, 2]) peak.sample(value)
  expect(peak.take()).toBe(30)
  peak.sample(2)
  expect(peak.take()).toBe(2)
})
