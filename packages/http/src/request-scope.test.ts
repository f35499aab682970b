import { EventEmitter, once } from 'node:events'
import { ServiceProxyManager } from '@svcproxy/core'
import { expect, test } from 'vitest'
import { ClientWatch } from './client-watch.ts'
import { isClientGone, RequestScopes } from './index.ts'

/** A response as the framework sees it, until the client goes. */
class Connection extends EventEmitter {
  destroyed = false
  writableEnded = false

  close(): void {
    this.destroyed = true
    this.emit('close')
  }
}

function managerOf(name: string) {
  const provider = { serviceName: name, getService: () => ({ name: () => name }), checkHealth: () => true }
  return new ServiceProxyManager().add('service', { provider })
}

test('a request that calls no service has neither signal nor listener', async () => {
  await using manager = managerOf('red')
  const response = new Connection()
  const scope = new RequestScopes(manager).open({}, response)
  const { service } = scope.services
  expect(response.listenerCount('close')).toBe(0)
  expect(await service.name()).toBe('red')
  expect(await service.name()).toBe('red')
  expect(response.listenerCount('close')).toBe(1)
})

test('a request belongs to each binding that it passed, once, and to no other', async () => {
  await using red = managerOf('red')
  await using blue = managerOf('blue')
  const scopes = [new RequestScopes(red), new RequestScopes(blue)] as const
  const request = {}
  const opened = scopes.map((scope) => scope.open(request, new Connection()))
  expect(await Promise.all(scopes.map((scope) => scope.of(request).services.service.name()))).toEqual(['red', 'blue'])
  expect(scopes.map((scope) => scope.open(request, new Connection()))).toEqual(opened)
  expect(new RequestScopes(red).find(request)).toBeUndefined()
  expect(() => scopes[0].of({})).toThrow('services.middleware()')
  expect(Object.keys(request)).toEqual([])
})

test('the signal aborts when the client goes before the answer has ended, and not after', async () => {
  await using manager = managerOf('red')
  const scopes = new RequestScopes(manager)
  const answered = new Connection()
  const answeredScope = scopes.open({}, answered)
  const { signal } = answeredScope
  answered.writableEnded = true
  answered.close()
  expect(signal.aborted).toBe(false)
  expect(isClientGone(answered)).toBe(false)

  const left = new Connection()
  const leftScope = scopes.open({}, left)
  const aborted = once(leftScope.abortSignal, 'abort')
  left.close()
  await aborted
  expect(leftScope.signal.reason).toMatchObject({ name: 'AbortError' })
  expect(leftScope.abortSignal.reason).toBe(leftScope.signal.reason)
  expect(leftScope.abortSignal).toBe(leftScope.abortSignal)
  expect(leftScope.isAbort(leftScope.signal.reason)).toBe(true)
  expect(leftScope.isAbort(new DOMException('Another', 'AbortError'))).toBe(false)
  expect(answeredScope.isAbort(undefined)).toBe(false)
})

test('the signal of a client that has gone before is aborted from the start, over HTTP/2 too', async () => {
  await using manager = managerOf('red')
  const gone = new Connection()
  gone.close()
  const http2 = Object.assign(new EventEmitter(), { writableEnded: false, stream: { destroyed: true } })
  for (const response of [gone, http2]) {
    const scope = new RequestScopes(manager).open({}, response)
    expect([scope.signal.aborted, scope.abortSignal.aborted]).toEqual([true, true])
  }
})

test('every call under way hears that the client went, once, in order; those that ended before do not', () => {
  const response = new Connection()
  const watch = new ClientWatch(response)
  const heard: string[] = []
  const listeners = ['a', 'b', 'c', 'd', 'e'].map((name) => ({
    handleEvent() {
      heard.push(name)
      if (name === 'b') watch.removeEventListener('abort', listeners[4]!)
    },
  }))
  for (const listener of listeners) watch.addEventListener('abort', listener)
  watch.removeEventListener('abort', listeners[0]!)
  watch.removeEventListener('abort', listeners[2]!)
  watch.addEventListener('abort', listeners[0]!)
  expect([watch.aborted, watch.reason]).toEqual([false, undefined])
  response.close()
  response.close()
  expect(heard).toEqual(['a', 'b', 'd'])
  expect(watch.reason).toMatchObject({ name: 'AbortError' })
})
