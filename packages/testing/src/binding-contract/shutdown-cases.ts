import { InvalidOptionError } from '@svcproxy/core'
import { once } from 'node:events'
import { Agent, createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { hangs } from '../faulty-service.ts'
import { type Answer, ask, jsonOf, managerOf } from './application.ts'
import {
  connection,
  health,
  keeping,
  openConnections,
  pass,
  refused,
  startEnding,
  underWay,
  upgraded,
} from './ending-application.ts'
import type { BindingContractCase } from './harness.ts'

export const shutdownCases: readonly BindingContractCase[] = [
  [
    'an application that shuts down is not ready at once, but still answers until the ready delay is over',
    async (harness) => {
      const app = await startEnding(harness)
      expect(await health(app)).toBe('200 pass, 200 pass, 200 pass')
      const { done } = app.end()
      expect(await health(app)).toBe('200 pass, 503 fail, 200 fail')
      expect(jsonOf(await ask(`${app.url}/healthz`))).toEqual({ status: 'fail', notes: ['stopping'] })
      await pass(app, 299)
      expect(await ask(`${app.url}/echo`)).toMatchObject({ status: 200, body: 'works' })
      expect(app.manager.stopping).toBe(false)
      await pass(app, 1)
      await done
      expect(app.manager.stopping).toBe(true)
      await refused(app)
    },
  ],
  [
    'from then on every response closes its connection: on new connections, on kept ones, for errors',
    async (harness) => {
      const app = await startEnding(harness)
      const agent = keeping()
      expect((await ask(`${app.url}/echo`, { agent })).headers.connection).toBe('keep-alive')
      const { done } = app.end()
      const kept = await ask(`${app.url}/echo`, { agent })
      expect([kept.body, kept.headers.connection]).toEqual(['works', 'close'])
      for (const path of ['/echo', '/broken', '/nothing', '/livez', '/readyz']) {
        const { headers } = await ask(`${app.url}${path}`, { agent: keeping() })
        expect([path, headers.connection]).toEqual([path, 'close'])
      }
      await pass(app, 300)
      await done
    },
  ],
  [
    'so does the response of a request in flight, unless its headers were sent; all of them are answered completely',
    async (harness) => {
      const app = await startEnding(harness)
      const begun = await underWay(app, '/', keeping())
      const streamed = await underWay(app, '/streamed', keeping())
      const { done, isDone } = app.end()
      await pass(app, 300)
      await refused(app)
      expect([isDone(), app.manager.stopping]).toEqual([false, false])
      begun.finish()
      expect(await begun.answer).toMatchObject({ status: 200, body: 'answered', headers: { connection: 'close' } })
      streamed.finish()
      expect(await streamed.answer).toMatchObject({ status: 200, body: 'partlast' })
      await pass(app, 250)
      await done
      expect(app.manager.stopping).toBe(true)
    },
  ],
  [
    'clients that keep or open a connection without sending delay nothing',
    async (harness) => {
      const app = await startEnding(harness)
      await ask(`${app.url}/echo`, { agent: keeping() })
      await connection(app)
      const { done } = app.end()
      await connection(app)
      await pass(app, 299)
      expect(await openConnections(app)).toBe(3)
      await pass(app, 1)
      await pass(app, 250)
      await done
      expect(await openConnections(app)).toBe(0)
    },
  ],
  [
    'everything still open at the timeout is closed: requests that hang, and WebSockets of any age',
    async (harness) => {
      const app = await startEnding(harness)
      const old = await upgraded(app)
      const hanging = await underWay(app)
      const { done, isDone } = app.end()
      const young = await upgraded(app)
      await pass(app, 999)
      expect([isDone(), old.closed, young.closed, app.manager.stopping]).toEqual([false, false, false, false])
      const closed = Promise.all([old, young].map((socket) => once(socket, 'close')))
      await pass(app, 1, () => app.manager.stopping)
      await expect(hanging.answer).rejects.toThrow()
      await closed
      // The manager waits for nothing any more.
      await pass(app, 0)
      await done
      expect(await openConnections(app)).toBe(0)
    },
  ],
  [
    'a second call closes everything at once, before and after the listener has closed, and is the same shutdown',
    async (harness) => {
      for (const passedMs of [0, 300]) {
        const app = await startEnding(harness)
        app.faulty.behave(hangs())
        const hanging = await underWay(app)
        const { done } = app.end()
        await pass(app, passedMs)
        expect(app.shutdown(app.server)).toBe(done)
        await expect(hanging.answer).rejects.toThrow()
        await pass(app, 0, () => app.manager.stopping)
        await pass(app, 0)
        await done
        await refused(app)
        expect(app.shutdown(app.server, { readyDelayMs: -1 })).toBe(done)
      }
    },
  ],
  [
    'without a delay no new connection is accepted after the call',
    async (harness) => {
      const app = await startEnding(harness)
      const { done } = app.end({ readyDelayMs: 0, timeoutMs: 1 })
      await refused(app)
      await done
    },
  ],
  [
    'a server that is not listening is no error: closed before, being closed, or never opened',
    async (harness) => {
      const closed = await startEnding(harness)
      await new Promise((resolve) => closed.server.close(resolve))
      await closed.end().done
      expect(closed.manager.stopping).toBe(true)

      const closing = await startEnding(harness)
      const begun = await underWay(closing)
      closing.server.close()
      const { done, isDone } = closing.end()
      await pass(closing, 999)
      expect(isDone()).toBe(false)
      begun.finish()
      expect((await begun.answer).body).toBe('answered')
      await done

      const manager = managerOf()
      const { listener, shutdown } = harness.build({ manager })
      const never = createServer(listener)
      await shutdown(never, { readyDelayMs: 0 })
      expect(manager.stopping).toBe(true)
    },
  ],
  [
    'an invalid limit is rejected before anything has begun',
    async (harness) => {
      const app = await startEnding(harness)
      for (const [options, message] of [
        [{ readyDelayMs: -1 }, /readyDelayMs must be an integer in 0 …/],
        [{ readyDelayMs: 0.5 }, /readyDelayMs must be an integer in 0 …/],
        [{ timeoutMs: 0 }, /timeoutMs must be an integer in 1 …/],
        [{ timeoutMs: Number.NaN }, /timeoutMs must be an integer in 1 …/],
        [{ timeoutMs: 5_000 }, /timeoutMs must be more than readyDelayMs, which is 5000; received 5000/],
        [{ readyDelayMs: 30_000 }, /timeoutMs must be more than readyDelayMs, which is 30000; received 30000/],
      ] as const) {
        const asked = app.shutdown(app.server, options)
        await expect(asked).rejects.toThrow(message)
        await expect(asked).rejects.toThrow(InvalidOptionError)
      }
      expect(await health(app)).toBe('200 pass, 200 pass, 200 pass')
    },
  ],
  [
    'at 200 requests per second, over new and kept connections, not one is refused or lost',
    async (harness) => {
      const app = await startEnding(harness)
      const agent = new Agent({ keepAlive: true })
      onTestFinished(() => agent.destroy())
      const answers: Promise<Answer>[] = []
      const send = async (count: number) => {
        const startedAt = performance.now()
        for (let sent = 0; sent < count; sent++) {
          answers.push(ask(`${app.url}/echo`, sent % 2 === 0 ? { agent } : {}))
          await pause(Math.max(0, startedAt + sent * 5 - performance.now()))
        }
      }
      await send(20)
      const { done, isDone } = app.end()
      const askedAt = performance.now()
      const ready = ask(`${app.url}/readyz`).then(({ status }) => ({ status, ms: performance.now() - askedAt }))
      await send(60)
      await pass(app, 299)
      await send(1)
      expect(isDone()).toBe(false)
      expect((await Promise.all(answers)).filter(({ status, body }) => status !== 200 || body !== 'works')).toEqual([])
      expect(await ready).toMatchObject({ status: 503 })
      expect((await ready).ms).toBeLessThan(100)
      await pass(app, 1)
      await done
      expect([await openConnections(app), app.server.listening]).toEqual([0, false])
    },
  ],
]
