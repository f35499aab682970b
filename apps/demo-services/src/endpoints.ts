/** The path of the dashboard. */
export const OPERATIONS_PATH = '/ops/services'

/** The response to `GET /`: the available endpoints. */
export const ENDPOINTS: Readonly<Record<string, string>> = {
  entities: '/entities',
  entity: '/entities/veh-001',
  commands: 'POST /entities/veh-001/commands {"type":"lock"|"unlock"|"limit_speed"}',
  feature: '/features/live_map',
  config: '/config',
  'the same without proxies': '/standard/…',
  dashboard: `${OPERATIONS_PATH}/`,
  metrics: '/metrics',
  health: '/healthz (also /livez, /readyz)',
}
