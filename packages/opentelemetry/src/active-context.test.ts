import { context, createContextKey, ROOT_CONTEXT, type ContextManager } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterEach, expect, test } from 'vitest'
import { ActiveContext } from './active-context.ts'

const KEY = createContextKey('test')
const inner = ROOT_CONTEXT.setValue(KEY, 'inner')
const active = (): unknown => context.active().getValue(KEY)

afterEach(() => context.disable())

test('what it runs has the given context as the active one, also after a turn', async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const later = new ActiveContext().run(
    inner,
    async (argument: string) => {
      await Promise.resolve()
      return [argument, active()]
    },
    'argument',
  )
  expect(active()).toBeUndefined()
  expect(await later).toEqual(['argument', 'inner'])
})

test('a scope has the given context as the active one until it is disposed, as newer Node.js enters it', async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const scope = new ActiveContext().withScope(inner)
  const later = Promise.resolve().then(active)
  expect(active()).toBe('inner')
  scope[Symbol.dispose]()
  expect(active()).toBeUndefined()
  expect(await later).toBe('inner')
})

test('no context leaves the active one as it is', () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  context.with(inner, () => {
    expect(new ActiveContext().run(undefined, active)).toBe('inner')
    const scope = new ActiveContext().withScope(undefined)
    expect(active()).toBe('inner')
    scope[Symbol.dispose]()
    expect(active()).toBe('inner')
  })
})

test('work runs once, and its error is its own, when the context manager fails before or after it', () => {
  const broken = (): never => {
    throw new Error('broken')
  }
  const manager: ContextManager = {
    active: () => ROOT_CONTEXT,
    with: broken,
    bind: broken,
    attach: broken,
    enable: () => manager,
    disable: () => manager,
  }
  context.setGlobalContextManager(manager)
  let runs = 0
  expect(new ActiveContext().run(inner, () => ++runs)).toBe(1)
  new ActiveContext().withScope(inner)[Symbol.dispose]()

  context.disable()
  const failure = new Error('of the work')
  const fail = (): never => {
    runs++
    throw failure
  }
  expect(() => new ActiveContext().run(inner, fail)).toThrow(failure)
  expect(runs).toBe(2)
})
