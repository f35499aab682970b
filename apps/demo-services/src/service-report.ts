import type { CircuitState, ServiceHealth, ServiceMetrics } from '@svcproxy/core'
import type { DemoManager } from './service-manager.ts'

interface ServiceReport {
  readonly name: string
  readonly circuitState: CircuitState | 'disabled'
  readonly health: ServiceHealth | undefined
  readonly metrics: ServiceMetrics | undefined
}

/** What there is to know about every service, for `GET /services`. */
export async function reportServices(manager: DemoManager): Promise<{ services: ServiceReport[] }> {
  const { services: health } = await manager.getHealthStatus()
  const metrics = manager.getAllMetrics()
  const services = manager.names.map((name) => {
    return { name, circuitState: manager.getProxy(name).circuitState, health: health[name], metrics: metrics[name] }
  })
  return { services }
}

/** What `GET /` answers: where to go from here. */
export const ENDPOINTS: Readonly<Record<string, string>> = {
  entities: '/entities',
  entity: '/entities/veh-001',
  commands: 'POST /entities/veh-001/commands {"type":"lock"|"unlock"|"limit_speed"}',
  feature: '/features/live_map',
  config: '/config',
  'the same without proxies': '/standard/…',
  services: '/services',
  health: '/healthz (also /livez, /readyz)',
}
