import { expect, test } from 'vitest'
import { errorsReference } from './errors.ts'
import { eventsReference } from './events.ts'
import { metricsReference } from './metrics.ts'
import { table } from './table.ts'

test('each error has its code, its status and its fields', () => {
  const page = errorsReference()
  expect(page).toContain('| [`CircuitOpenError`](#circuitopenerror) | `SVCPROXY_CIRCUIT_OPEN` | 503 + `Retry-After` |')
  expect(page).toContain('| [`ServiceTimeoutError`](#servicetimeouterror) | `SVCPROXY_TIMEOUT` | 504 |')
  expect(page).toContain('| `timeoutMs` | The deadline that passed, in milliseconds. |')
  expect(page.match(/^## \w+Error$/gm)).toHaveLength(7)
})

test('each event has its fields, its channel and what is said of it', () => {
  const page = eventsReference()
  expect(page).toContain(
    '## health\n\nA health check found a change.\n\n| field | type |\n| --- | --- |\n| `healthy` | `boolean` |',
  )
  expect(page).toContain('Channel: `svcproxy:health`.')
  expect(page).toContain('because the retry budget is used up.\n')
})

test('each metric has a series, so that its labels are known', async () => {
  const page = await metricsReference()
  expect(page).toContain(
    '| `svcproxy_circuit_state` | gauge | `service`, `state` (closed, open, half_open, isolated) |',
  )
  expect(page).toContain('| `svcproxy_fleet_probing` | gauge | `namespace`, `service` |')
  expect(page).toContain(
    '| `svcproxy.call.rejected` | counter | {call} | `svcproxy.service`, `svcproxy.rejection.reason` |',
  )
  const withoutLabels = page.split('\n').filter((line) => line.startsWith('| `') && line.includes('|  |'))
  expect(withoutLabels).toEqual([])
})

test('a cell of a table is one line, whatever is in it', () => {
  expect(table(['a'], [['x |\n y']])).toBe('| a |\n| --- |\n| x \\| y |')
})
