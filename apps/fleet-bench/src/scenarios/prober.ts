import { setTimeout as wait } from 'node:timers/promises'
import { Crew, type Hand } from '../crew.ts'
import type { MemberSettings } from '../member/orders.ts'
import { RedisServer } from '../redis-server.ts'
import { atMost, exactly, type Scenario } from '../scenario.ts'
import { behave, joinAndLoad, settingsOf } from './stage.ts'

const RECOVERY_MS = 500
const TIMEOUT_MS = 300
/** As `@svcproxy/fleet` gives it: a second longer than a call may take. */
const LEASE_MS = TIMEOUT_MS + 1_000
const LATE_MS = 100

/** The prober was killed at its probe; these are the calls that reached the service later, after that probe began. */
interface Succession {
  readonly nextAfterMs: number
  /** Calls of others within the time that the next probe may take, that one included. */
  readonly atOnce: number
}

async function killProber(crew: Crew, settings: MemberSettings): Promise<Succession> {
  await joinAndLoad(crew, settings)
  const hung: { readonly hand: Hand; readonly since: number }[] = []
  const killed = new Promise<{ hand: Hand; since: number }>((resolve) => {
    for (const hand of crew.hands) hand.onHang = (since) => hung.push({ hand, since })
    void open(crew).then(() => {
      // Those that reached the service before the circuits opened are not meant.
      for (const hand of crew.hands) hand.onHang = (since) => resolve({ hand, since })
    })
  })
  const prober = await killed
  for (const hand of crew.hands) hand.onHang = (since) => hung.push({ hand, since })
  hung.length = 0
  await crew.replace(prober.hand)
  await wait(LEASE_MS + 2 * LATE_MS + TIMEOUT_MS)
  const later = hung.map(({ since }) => since - prober.since).toSorted((one, other) => one - other)
  const nextAfterMs = later[0] ?? Number.NaN
  return { nextAfterMs, atOnce: later.filter((ms) => ms < nextAfterMs + TIMEOUT_MS).length }
}

/** The service fails until the circuits are open, and hangs from then on. */
async function open(crew: Crew): Promise<void> {
  await behave(crew, 'fail')
  await wait(RECOVERY_MS / 2)
  await behave(crew, 'hang')
}

/** The process that probes for all dies while it does. */
export const prober: Scenario = {
  name: 'prober',
  title: 'The prober dies',
  how: `The service hangs, the process that probes it is killed with SIGKILL as soon as its call has reached the service, and the time runs from that probe to the next one. A lease is ${LEASE_MS} ms here: the deadline of a call, ${TIMEOUT_MS} ms, and a second. The figures are the worst of all rounds.`,
  async run({ isQuick, say }) {
    const [size, rounds] = isQuick ? [4, 1] : [20, 5]
    await using server = await RedisServer.start()
    await using crew = new Crew(size)
    const found: Succession[] = []
    for (let round = 0; round < rounds; round++) {
      const settings = settingsOf(server.url, { recoveryTimeoutMs: RECOVERY_MS, timeoutMs: TIMEOUT_MS })
      found.push(await killProber(crew, settings))
      await crew.all('leave', () => [])
    }
    const after = found.map(({ nextAfterMs }) => Math.round(nextAfterMs))
    const atOnce = found.map((succession) => succession.atOnce)
    say(`next probe after ${after.join(' ')} ms; calls then ${atOnce.join(' ')}`)
    return [
      {
        name: 'the next probe begins after',
        figure: Math.max(...after),
        unit: 'ms',
        limit: atMost(LEASE_MS + LATE_MS),
        isSpeed: true,
        note: `rounds: ${after.join(' ')}`,
      },
      {
        name: 'processes that probe then',
        figure: Math.max(...atOnce),
        unit: 'calls',
        limit: exactly(1),
        note: `rounds: ${atOnce.join(' ')}`,
      },
    ]
  },
}
