import { EventEmitter, once } from 'node:events'
import { InvalidOptionError, ServiceProxyManager } from '@svcproxy/core'
import { expect, test } from 'vitest'
import { ClientWatch } from './client-watch.ts'
import { type EndWithClient, isClientGone, RequestScopes } from './index.ts'

/** A response as the framework sees it, until the client goes. */
class Connection extends EventEmitter {
  destroyed = false
  writableEnded = false

  close(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const read = () => ({ method: 'GET' })

function managerOf(name: string) {
  const provider = { serviceName: name, getService: () => ({ name: () => name }), checkHealth: () => true }
  return new ServiceProxyManager().add('service', { provider })
}

test('a request that calls no service has neither signal nor listener', async () => {
  await using manager = managerOf('red')
  const response = new Connection()
  const scope = new RequestScopes(manager).open(read(), response)
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
  const answeredScope = scopes.open(read(), answered)
  const { signal } = answeredScope
  answered.writableEnded = true
  answered.close()
  expect(signal?.aborted).toBe(false)
  expect(isClientGone(answered)).toBe(false)

  const left = new Connection()
  const leftScope = scopes.open(read(), left)
  const aborted = once(leftScope.abortSignal, 'abort')
  left.close()
  await aborted
  expect(leftScope.signal?.reason).toMatchObject({ name: 'AbortError' })
  expect(leftScope.abortSignal.reason).toBe(leftScope.signal?.reason)
  expect(leftScope.abortSignal).toBe(leftScope.abortSignal)
  expect(leftScope.isAbort(leftScope.signal?.reason)).toBe(true)
  expect(leftScope.isAbort(new DOMException('Another', 'AbortError'))).toBe(false)
  expect(answeredScope.isAbort(undefined)).toBe(false)
})

test('calls end with the client of a request that only reads, or as the application says; its signal tells in any case', async () => {
  await using manager = managerOf('red')
  const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT', undefined]
  const ending = async (endWithClient?: EndWithClient) => {
    const scopes = new RequestScopes(manager, endWithClient && { endWithClient })
    const ended: (string | undefined)[] = []
    for (const method of methods) {
      const response = new Connection()
      const scope = scopes.open({ method }, response)
      if (scope.signal !== undefined) ended.push(method)
      const { abortSignal } = scope
      response.close()
      expect(abortSignal.aborted).toBe(true)
      expect(scope.isAbort(abortSignal.reason)).toBe(true)
    }
    return ended
  }
  expect(await ending()).toEqual(['GET', 'HEAD', 'OPTIONS'])
  expect(await ending('safe')).toEqual(['GET', 'HEAD', 'OPTIONS'])
  expect(await ending('always')).toEqual(methods)
  expect(await ending('never')).toEqual([])
})

test('a write whose calls do not end with its client listens to nothing', async () => {
  await using manager = managerOf('red')
  const response = new Connection()
  expect(await new RequestScopes(manager).open({ method: 'POST' }, response).services.service.name()).toBe('red')
  expect(response.listenerCount('close')).toBe(0)
})

test('when calls end with their client is one of three, and anything else is refused at once', async () => {
  await using manager = managerOf('red')
  for (const value of ['sometimes', '', 'SAFE', null, true, 0]) {
    expect(() => new RequestScopes(manager, { endWithClient: value as never })).toThrow(InvalidOptionError)
  }
  expect(() => new RequestScopes(manager, { endWithClient: 'sometimes' as never })).toThrow(
    /endWithClient must be one of 'safe', 'always', 'never'; received "sometimes"/,
  )
})

test('the signal of a client that has gone before is aborted from the start, over HTTP/2 too', async () => {
  await using manager = managerOf('red')
  const gone = new Connection()
  gone.close()
  const http2 = Object.assign(new EventEmitter(), { writableEnded: false, stream: { destroyed: true } })
  for (const response of [gone, http2]) {
    const scope = new RequestScopes(manager).open(read(), response)
    expect([scope.signal?.aborted, scope.abortSignal.aborted]).toEqual([true, true])
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
