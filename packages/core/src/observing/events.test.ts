import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { ServiceEvents } from './events.ts'
import type { ServiceEvent } from './events.ts'

const event: ServiceEvent = { type: 'invalidate', service: 'pool', cause: 'process' }

describe('events', () => {
  test('are published to diagnostics_channel under their type', () => {
    const seen: unknown[] = []
    const listener = (message: unknown): void => void seen.push(message)
    subscribe('svcproxy:invalidate', listener)
    new ServiceEvents().emit(event)
    unsubscribe('svcproxy:invalidate', listener)
    new ServiceEvents().emit(event)
    expect(seen).toEqual([event])
  })

  test('reach the other listeners when one throws, and its error a channel of its own', () => {
    const events = new ServiceEvents()
    const seen: unknown[] = []
    const thrown = new Error('listener')
    const onError = (message: unknown): void => void seen.push(message)
    subscribe('svcproxy:listener-error', onError)
    events.on('invalidate', () => {
      throw thrown
    })
    events.on('invalidate', () => seen.push('second'))
    events.emit(event)
    unsubscribe('svcproxy:listener-error', onError)
    expect(seen).toEqual([{ event, error: thrown }, 'second'])
  })

  test('reach a listener as often as it was added, and not any more once it was taken away', () => {
    const events = new ServiceEvents()
    let count = 0
    const listener = (): void => void count++
    const first = events.on('invalidate', listener)
    events.on('invalidate', listener)
    events.emit(event)
    expect(count).toBe(2)
    first()
    first()
    events.emit(event)
    expect(count).toBe(3)
    events.emit({ type: 'expire', service: 'pool', cause: 'process' })
    expect(count).toBe(3)
    events.clear()
    events.emit(event)
    expect(count).toBe(3)
  })
})
