import { setTimeout as wait } from 'node:timers/promises'
import { Crew, type Hand } from '../crew.ts'
import { now } from '../clock.ts'
import { RedisServer } from '../redis-server.ts'
import { atMost, exactly, type Scenario } from '../scenario.ts'
import { TcpProxy, type Which } from '../tcp-proxy.ts'
import { countStale, Invalidations, invalidate } from './instances.ts'
import { settingsOf, whenSo } from './stage.ts'

const SERVICES = ['desk']
/** As `@svcproxy/fleet` reads the store at the latest, and as `@svcproxy/redis` waits for an answer. */
const READ_MS = 15_000 * 1.2
const DEADLINE_MS = 400
const LATE_MS = 200
const LIMIT_MS = READ_MS + DEADLINE_MS + LATE_MS
const GIVE_UP_MS = 60_000
const BETWEEN_ROUNDS_MS = 1_500

/** A process that is connected through a proxy of its own. */
interface Patient {
  readonly hand: Hand
  readonly proxy: TcpProxy
  readonly which: Which
}

/** How long each of them serves what another process has invalidated after its connections had become half-open. */
async function cutSilently(well: Hand, patients: readonly Patient[]): Promise<number[]> {
  for (const { proxy, which } of patients) proxy.halfOpen(which)
  const invalidations = new Invalidations(SERVICES)
  const since = now()
  await invalidate(well, 'desk', invalidations)
  return Promise.all(
    patients.map(async ({ hand }) => {
      const at = await whenSo(GIVE_UP_MS, async () => (await countStale([hand], invalidations)) === 0)
      return (at ?? Infinity) - since
    }),
  )
}

/** Connections whose other end has vanished. */
export const halfOpen: Scenario = {
  name: 'half-open',
  title: 'Half-open connections',
  how: `A proxy lets all bytes of connections vanish, both ways, without closing them; new connections are well. So it is done to both connections of some processes, to the one for the hints of others, and to the one for the commands of the rest. At the same moment a process that is connected directly invalidates a service. The limit is the longest time between two looks into the store, ${READ_MS / 1_000} s, the deadline of an operation, ${DEADLINE_MS} ms, and ${LATE_MS} ms. The figures are the slowest of all processes and rounds.`,
  async run({ isQuick, say }) {
    const [each, rounds] = isQuick ? [1, 1] : [2, 4]
    const kinds: Which[] = ['all', 'subscribers', 'commands']
    await using server = await RedisServer.start()
    await using crew = new Crew(1 + kinds.length * each)
    await using proxies = new AsyncDisposableStack()
    const [well, ...hands] = crew.hands
    if (well === undefined) throw new Error('There is one')
    const base = settingsOf(server.url, { services: SERVICES, hasCircuits: false })
    const namespace = base.fleet?.namespace ?? ''
    await well.ask('join', base)
    const patients = await Promise.all(
      hands.map(async (hand, index) => {
        const proxy = proxies.use(await TcpProxy.start(server.port))
        await hand.ask('join', { ...base, fleet: { url: `redis://127.0.0.1:${proxy.port}`, namespace } })
        return { hand, proxy, which: kinds[index % kinds.length] ?? 'all' }
      }),
    )
    const found: { readonly which: Which; readonly ms: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const took = await cutSilently(well, patients)
      took.forEach((ms, index) => found.push({ which: patients[index]?.which ?? 'all', ms }))
      for (const { proxy } of patients) proxy.mend()
      // The next round finds the members elsewhere between two heartbeats.
      await wait(BETWEEN_ROUNDS_MS)
    }
    const names = { all: 'both connections', subscribers: 'the one for hints', commands: 'the one for commands' }
    const findings = kinds.map((which) => {
      const ms = found.filter((one) => one.which === which).map((one) => one.ms)
      say(`${names[which]}: ${ms.map((one) => one.toFixed(0)).join(' ')} ms`)
      return {
        name: `${names[which]}: in force after`,
        figure: Math.max(...ms),
        unit: 'ms',
        limit: atMost(LIMIT_MS),
        isSpeed: true,
        note: ms.map((one) => one.toFixed(0)).join(' '),
      }
    })
    const states = await Promise.all(hands.map((hand) => hand.ask('status')))
    const apart = states.filter(({ state }) => state !== 'connected').length
    return [...findings, { name: 'not connected in the end', figure: apart, unit: 'processes', limit: exactly(0) }]
  },
}
