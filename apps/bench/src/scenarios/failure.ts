import type { Contender, Scenario, Subject } from '../scenario.ts'
import { cockatiel, mollitia, NEVER_OPEN, opossum } from './peers.ts'
import { breakers, readyProxy, service } from './service.ts'

const TIMEOUT_MS = 5_000
const SUCCESSES = 100_000
/** Enough for the compiler; more of them would be a window full of failures. */
const WARM_UP = 2_000
/** The largest that svcproxy accepts. */
const FAILURE_THRESHOLD = 1_000_000
/** A success among so many failures keeps the circuit closed, and is too rare to show in the time. */
const FAILURES_PER_SUCCESS = 500_000

type Call = (fails: boolean) => Promise<unknown>

const proxyCall = (breaker: keyof typeof breakers) => async (): Promise<Call> => {
  const proxy = await readyProxy(await breakers[breaker](), {
    circuit: { failureThreshold: FAILURE_THRESHOLD },
  })
  return (fails) => proxy.call((target) => (fails ? target.fail() : target.find(7)))
}

const action = (fails: boolean): Promise<number> => (fails ? service.fail() : service.find(7))

const calls: Readonly<Record<string, () => Promise<Call>>> = {
  'svcproxy call, native': proxyCall('native'),
  'svcproxy call, opossum': proxyCall('opossum'),
  'opossum fire, defaults': async () => {
    const breaker = await opossum(action, NEVER_OPEN)
    return (fails) => breaker.fire(fails)
  },
  'opossum fire, percentiles off': async () => {
    const breaker = await opossum(action, { ...NEVER_OPEN, rollingPercentilesEnabled: false })
    return (fails) => breaker.fire(fails)
  },
  'cockatiel breaker + timeout 5 s': async () => {
    const policy = await cockatiel(FAILURE_THRESHOLD, TIMEOUT_MS)
    return (fails) => policy.execute(() => action(fails))
  },
  'mollitia breaker + timeout 5 s': async () => {
    // 100 % is how mollitia is told not to look at the failures.
    const circuit = await mollitia(action, TIMEOUT_MS, 100)
    return (fails) => circuit.execute(fails)
  },
}

/** A subject that fails, and whose end shows that the circuit was closed all the time: an open one would refuse. */
function failing(call: Call): Subject {
  let failures = 0
  return {
    run: () => (++failures % FAILURES_PER_SUCCESS === 0 ? call(false) : call(true).catch(() => undefined)),
    dispose: async () => void (await call(false)),
  }
}

async function afterSuccesses(make: () => Promise<Call>): Promise<Call> {
  // On another breaker, for the failures of a warm-up belong to no window that is measured.
  const practice = await make()
  for (let n = 0; n < WARM_UP; n++) await practice(true).catch(() => undefined)
  const call = await make()
  for (let n = 0; n < SUCCESSES; n++) await call(false)
  return call
}

const each = (prepare: (make: () => Promise<Call>) => Promise<Call>): Readonly<Record<string, Contender>> =>
  Object.fromEntries(Object.entries(calls).map(([name, make]) => [name, async () => failing(await prepare(make))]))

/** One failure after a busy time. */
export const failureInWindow: Scenario = {
  id: 'failure-in-window',
  title: 'One failure after 100 000 successes',
  meaning:
    'What a single failed call costs a busy process, which stands still for as long. opossum with its defaults sorts the latencies of its window at each failure.',
  reference: 'svcproxy call, native',
  contenders: each(afterSuccesses),
  timedSingly: true,
}

/** Calls that all fail, on a circuit that stays closed. */
export const failure: Scenario = {
  id: 'failure',
  title: 'A failing call',
  meaning:
    'What the guard adds to a call that fails, when nothing but failures are in the window and the circuit stays closed.',
  reference: 'svcproxy call, native',
  contenders: each((make) => make()),
}
