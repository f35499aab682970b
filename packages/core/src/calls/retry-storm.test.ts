import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ManualClock } from '@svcproxy/testing'
import { expect, test } from 'vitest'
import { factoryProvider, ServiceProxy } from '../index.ts'
import type { RetryBudget } from '../index.ts'

const CALLERS = 1_000
const down = new Error('down')

/** A thousand callers ask once a second while the service fails for ten seconds; then it is well again. */
async function storm(retry: boolean, retryBudget: RetryBudget = {}) {
  const clock = new ManualClock()
  let asked = 0
  let isDown = true
  const find = async (): Promise<string> => {
    asked++
    if (isDown) throw down
    return 'found'
  }
  let step = 0
  const proxy = new ServiceProxy('desk', {
    provider: factoryProvider('desk', { create: () => ({ find }) }),
    methods: { find: { retry } },
    retryBudget,
    clock,
    random: () => (step = (step + 0.618) % 1),
  })
  await proxy.get()
  let answered = 0
  const second = async (): Promise<void> => {
    for (let caller = 0; caller < CALLERS; caller++) {
      proxy.service.find().then(
        () => answered++,
        () => undefined,
      )
      if (caller % 100 === 99) await clock.advanceAsync(100)
    }
  }
  for (let count = 0; count < 10; count++) await second()
  // The waits that are under way.
  await clock.advanceAsync(300)
  const load = asked / (10 * CALLERS)
  isDown = false
  answered = 0
  await second()
  await clock.advanceAsync(0)
  const { inFlight, totalRequests } = proxy.getMetrics()
  await proxy.stop()
  return { load, answered, inFlight, calls: totalRequests - 1, timers: clock.pendingTimers }
}

test(
  'a storm of retries adds a fifth to the load of a service that fails; without a budget it is three times the load',
  { timeout: 60_000 },
  async () => {
    const well = { answered: CALLERS, inFlight: 0, calls: 11 * CALLERS, timers: 0 }
    expect(await storm(false)).toEqual({ ...well, load: 1 })
    // A fifth, and one a second.
    expect(await storm(true)).toEqual({ ...well, load: 1.201 })
    expect(await storm(true, { ratio: 10 })).toEqual({ ...well, load: 3 })
  },
)

test(
  'a process with nothing else to do lives on while a caller waits for the next attempt, and no longer',
  { timeout: 60_000 },
  async () => {
    const program = `
    import { createServiceProxy, factoryProvider } from '@svcproxy/core'
    let asked = 0
    const find = async () => { if (++asked < 3) throw new Error('down'); return 'found' }
    const provider = factoryProvider('desk', { create: () => ({ find }) })
    const proxy = createServiceProxy({ name: 'desk', provider, methods: { find: { retry: true } }, retryBudget: {} })
    console.log(await proxy.service.find(), asked)
  `
    const flags = ['--conditions=@svcproxy/source', '--no-warnings', '--input-type=module']
    const child = spawn(process.execPath, [...flags, '--eval', program], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    const [code] = await once(child, 'close')
    expect([code, said]).toEqual([0, 'found 3\n'])
  },
)
