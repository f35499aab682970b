import { ManualClock } from '@svcproxy/testing'
import { MemoryFleet, type MemoryFleetStore } from '@svcproxy/testing/fleet'
import { operated, type OperatedProcess, serve } from './operated-process.ts'

/** A process of a fleet. */
export interface FleetProcess extends OperatedProcess {
  readonly store: MemoryFleetStore
}

/** A fleet in one store. */
export interface FleetOfProcesses {
  readonly clock: ManualClock
  readonly engine: MemoryFleet
  /** One for each of the labels, which are their instance ids, too. */
  readonly processes: readonly FleetProcess[]
}

export async function fleetOf(labels: readonly string[]): Promise<FleetOfProcesses> {
  const clock = new ManualClock()
  const engine = new MemoryFleet({ clock })
  const processes: FleetProcess[] = []
  for (const label of labels) {
    const store = engine.store()
    processes.push({ ...(await operated({ instanceId: label }, { fleet: { clock, store, label } })), store })
  }
  return { clock, engine, processes }
}

/** The address of a load balancer before processes. @param next which of them the next request goes to, from 0 on */
export async function balanced(processes: readonly OperatedProcess[], next: () => number): Promise<string> {
  const { url } = await serve((request, response) => processes[next()]?.listener(request, response))
  return `${url}/ops`
}

/** One after the other, over and over. */
export function inTurn(count: number): () => number {
  let turn = -1
  return () => (turn = (turn + 1) % count)
}
