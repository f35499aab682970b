import type { ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { fragmentOf } from '../route.ts'
import { isUnwell, toneOf } from '../services.ts'
import { Circuit, Nearness } from './circuit.tsx'
import { Queue } from './calls.tsx'
import { Fact } from './fact.tsx'
import { LastFailure } from './last-failure.tsx'
import { Critical, Health } from './pills.tsx'
import { cacheState, NUMBERS, Numbers } from './service-numbers.tsx'
import { Sparkline } from './sparkline.tsx'

const { rate, p50, p99, timeouts, rejected, fallbacks, hits, retries, denied } = NUMBERS
const FACTS = [rate, p50, p99, timeouts, rejected, fallbacks, hits]
const RETRIES = [retries, denied]

/** One card for each service: for screens too narrow for the table. */
export function ServiceCards({ services }: { readonly services: readonly ServiceView[] }): JSX.Element {
  return (
    <ul class="cards">
      {services.map((service) => (
        <Card key={service.name} service={service} />
      ))}
    </ul>
  )
}

function Card({ service }: { readonly service: ServiceView }): JSX.Element {
  return (
    <li class={`card${isUnwell(service) ? ` unwell tone-${toneOf(service)}` : ''}`}>
      <div class="card-head">
        <div>
          <h3>
            <a class="service-link" href={fragmentOf(service.name)}>
              {service.name}
            </a>
            <Critical critical={service.critical} />
          </h3>
          <Health health={service.health} />
        </div>
        <div class="card-circuit">
          <Circuit service={service} />
        </div>
      </div>
      <Sparkline history={service.history} height={32} />
      <dl class="facts">
        <Numbers numbers={FACTS} service={service} />
        <Fact name="Cache">{cacheState(service)}</Fact>
        <Fact name="Failures">
          <Nearness circuit={service.circuit} />
        </Fact>
        <Numbers numbers={RETRIES} service={service} />
        {service.queue !== null && (
          <Fact name="Queue">
            <Queue queue={service.queue} />
          </Fact>
        )}
      </dl>
      {service.lastFailure !== null && <LastFailure failure={service.lastFailure} />}
    </li>
  )
}
