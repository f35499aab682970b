import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'vitest'
import { faultyService, hangsUntilAborted } from '../faulty-service.ts'
import { ask, managerOf, serve } from './application.ts'
import type { BindingContractCase, ContractExchange } from './harness.ts'

export const contextCases: readonly BindingContractCase[] = [
  [
    'current() returns the services of the current request, however deep and however late it is called',
    async (harness) => {
      const seen: boolean[] = []
      const deep = async ({ current }: ContractExchange): Promise<unknown> => {
        await nextTurn()
        return new Promise((resolve) => setTimeout(() => resolve(current()), 1))
      }
      const url = await serve(harness, {
        manager: managerOf(),
        asyncContext: true,
        routes: [
          {
            path: '/',
            handle: async (services, exchange) => {
              seen.push((await deep(exchange)) === services)
              return exchange.current().first.echo('deep')
            },
          },
        ],
      })
      const answers = await Promise.all(Array.from({ length: 5 }, () => ask(url)))
      expect(answers.map(({ body }) => body)).toEqual(['deep', 'deep', 'deep', 'deep', 'deep'])
      expect(seen).toEqual([true, true, true, true, true])
    },
  ],
  [
    'calls made through current() abort when the client disconnects',
    async (harness) => {
      const faulty = faultyService({ behaviour: hangsUntilAborted() })
      const client = new AbortController()
      const ended = new Promise<unknown>((resolve) => {
        void serve(harness, {
          manager: managerOf({}, faulty),
          asyncContext: true,
          onError: () => undefined,
          routes: [
            {
              path: '/',
              handle: async (_services, { current }) => {
                const hanging = current().first.ask()
                client.abort()
                await hanging.catch(resolve)
                return ''
              },
            },
          ],
        }).then((url) => ask(url, { signal: client.signal }).catch(() => undefined))
      })
      expect(await ended).toMatchObject({ name: 'AbortError' })
    },
  ],
  [
    'the error of current() says what is missing: the option, or a request',
    async (harness) => {
      let outside: ContractExchange['current'] | undefined
      for (const [asyncContext, message] of [
        [false, /asyncContext: true/],
        [true, /outside a request/],
      ] as const) {
        const url = await serve(harness, {
          manager: managerOf(),
          asyncContext,
          routes: [
            {
              path: '/',
              handle: (_services, { current }) => {
                outside = current
                return ''
              },
            },
          ],
        })
        await ask(url)
        expect(() => outside?.()).toThrow(message)
      }
    },
  ],
]
