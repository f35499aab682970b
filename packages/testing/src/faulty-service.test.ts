import { expect, test } from 'vitest'
import { fails, faultyService, hangs, hangsUntilAborted, slows, succeeds, throws } from './faulty-service.ts'
import { ManualClock } from './manual-clock.ts'

const error = new Error('told to')

test('a service succeeds until it is told otherwise', async () => {
  const service = faultyService()
  expect(await service.call()).toBe('value')
  service.behave(fails(error))
  await expect(service.call()).rejects.toBe(error)
  await expect(service.call()).rejects.toBe(error)
  service.behave(succeeds(7))
  expect(await service.call()).toBe(7)
  expect(service.calls).toBe(4)
})

test('what is queued answers one call each, in order, and then the habit is back', async () => {
  const service = faultyService({ behaviour: succeeds('habit') })
  service.next(fails(error), throws(error))
  service.next(succeeds('queued'))
  await expect(service.call()).rejects.toBe(error)
  expect(() => service.call()).toThrow(error)
  expect(await service.call()).toBe('queued')
  expect(await service.call()).toBe('habit')
})

test('a slow service answers when the clock has moved on', async () => {
  const clock = new ManualClock()
  const service = faultyService({ clock, behaviour: slows(100, fails(error)) })
  const answers: unknown[] = []
  void Promise.resolve(service.call()).catch((reason: unknown) => answers.push(reason))
  await clock.advanceAsync(99)
  expect(answers).toEqual([])
  await clock.advanceAsync(1)
  expect(answers).toEqual([error])
  service.behave(slows(1, throws(error)))
  const thrown = expect(service.call()).rejects.toBe(error)
  clock.advance(1)
  await thrown
})

test('a hanging service hangs, aborted or not; one that hangs until aborted rejects with the reason', async () => {
  const clock = new ManualClock()
  const service = faultyService({ clock })
  service.next(hangs(), hangsUntilAborted(), hangsUntilAborted())
  const controller = new AbortController()
  const { signal } = controller
  let answered = false
  void Promise.resolve(service.call({ signal })).finally(() => (answered = true))
  const call = service.call({ signal })
  expect(service.running).toBe(2)
  controller.abort(error)
  await expect(call).rejects.toBe(error)
  await expect(service.call({ signal }), 'aborted before it began').rejects.toBe(error)
  await clock.advanceAsync(1_000_000)
  expect(answered).toBe(false)
  expect([service.running, service.maxRunning, service.aborted]).toEqual([1, 2, 2])
})

test('it dies and recovers on a schedule', async () => {
  const clock = new ManualClock()
  const service = faultyService({ clock })
  service.die({ inMs: 10, forMs: 5 })
  clock.advance(9)
  expect([service.healthy, await service.call()]).toEqual([true, 'value'])
  clock.advance(1)
  expect(service.healthy).toBe(false)
  await expect(service.call()).rejects.toThrow('the service is down')
  clock.advance(4)
  await expect(service.call()).rejects.toThrow('the service is down')
  clock.advance(1)
  expect([service.healthy, await service.call()]).toEqual([true, 'value'])
  service.next(succeeds('queued'))
  service.die({ behaviour: throws(error) })
  clock.advance(1_000_000)
  expect(() => service.call()).toThrow(error)
  service.recover()
  expect(await service.call(), 'an outage uses up nothing that is queued').toBe('queued')
})

test('it counts how often it was disposed of', () => {
  const service = faultyService()
  expect(service.disposals).toBe(0)
  service.dispose()
  service.dispose()
  expect(service.disposals).toBe(2)
})

test('a failing call is reported to its caller only', async () => {
  const unhandled: unknown[] = []
  const listener = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', listener)
  const service = faultyService({ behaviour: fails() })
  await Promise.resolve(service.call()).catch(() => {})
  await new ManualClock().settle()
  process.off('unhandledRejection', listener)
  expect(unhandled).toEqual([])
  expect(service.running).toBe(0)
})
