import type { ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { fragmentOf } from '../route.ts'
import { isUnwell, toneOf } from '../services.ts'
import { CallsInShort } from './calls.tsx'
import { Circuit, Nearness } from './circuit.tsx'
import { Under } from './fact.tsx'
import { LastFailure } from './last-failure.tsx'
import { Critical, Health } from './pills.tsx'
import { cacheState, NUMBERS } from './service-numbers.tsx'
import { Sparkline } from './sparkline.tsx'

const { rate, p50, p90, p99, timeouts, rejected, fallbacks, hits } = NUMBERS
const COLUMNS = [rate, p50, p90, p99, timeouts, rejected, fallbacks]

/** One row for each service: for wide screens. */
export function ServiceTable({ services }: { readonly services: readonly ServiceView[] }): JSX.Element {
  return (
    <table class="services">
      <caption class="unseen">Services, their circuits, requests and errors</caption>
      <thead>
        <tr>
          {['Service', 'Circuit', 'Failures', 'Last 5 minutes'].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
          {[...COLUMNS, hits].map(({ name }) => (
            <th key={name} scope="col" class="number">
              {name}
            </th>
          ))}
          <th scope="col">Last error</th>
        </tr>
      </thead>
      <tbody>
        {services.map((service) => (
          <Row key={service.name} service={service} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ service }: { readonly service: ServiceView }): JSX.Element {
  return (
    <tr class={isUnwell(service) ? `unwell tone-${toneOf(service)}` : ''}>
      <th scope="row">
        <a class="service-link" href={fragmentOf(service.name)}>
          {service.name}
        </a>
        <Critical critical={service.critical} />
        <Under>
          <Health health={service.health} />
        </Under>
      </th>
      <td>
        <Circuit service={service} />
      </td>
      <td>
        <Nearness circuit={service.circuit} />
        <CallsInShort service={service} />
      </td>
      <td>
        <Sparkline history={service.history} height={28} />
      </td>
      {COLUMNS.map(({ name, of }) => (
        <td key={name} class="number">
          {of(service)}
        </td>
      ))}
      <td class="number">
        {hits.of(service)}
        <Under>{cacheState(service)}</Under>
      </td>
      <td class="error-cell">
        <LastFailure failure={service.lastFailure} />
      </td>
    </tr>
  )
}
