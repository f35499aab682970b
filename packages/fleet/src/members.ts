import type { ServiceProxyManager, ServiceStatus } from '@svcproxy/core'
import type { MemberView, ServiceReport } from './store.ts'

/** What a heartbeat tells at most: a fleet of many unwell services stays within a message. */
const MAX_REPORTED = 100

/** A service is told of while it is not simply well. */
export function reportsOf<M extends object>(manager: ServiceProxyManager<M>): MemberView['services'] {
  const unwell: [string, ServiceReport][] = []
  for (const name of manager.names) {
    const report = reportOf(manager.getProxy(name).getStatus())
    if (report !== undefined && unwell.length < MAX_REPORTED) unwell.push([name, report])
  }
  return Object.fromEntries(unwell)
}

function reportOf({ circuit }: ServiceStatus): ServiceReport | undefined {
  if (circuit === undefined || (circuit.state === 'closed' && circuit.consecutiveFailures === 0)) return undefined
  return { state: circuit.state, failures: circuit.consecutiveFailures }
}
