import type { ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { fragmentOf } from '../route.ts'
import { isUnwell, toneOf } from '../services.ts'
import { Circuit, Nearness } from './circuit.tsx'
import { Fact } from './fact.tsx'
import { LastFailure } from './last-failure.tsx'
import { Critical, Health } from './pills.tsx'
import { cacheState, NUMBERS } from './service-numbers.tsx'
import { Sparkline } from './sparkline.tsx'

const { rate, p50, p99, timeouts, rejected, fallbacks, hits } = NUMBERS
const FACTS = [rate, p50, p99, timeouts, rejected, fallbacks, hits]

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
        {FACTS.map(({ name, of }) => (
          <Fact key={name} name={name}>
            {of(service)}
          </Fact>
        ))}
        <Fact name="Cache">{cacheState(service)}</Fact>
        <Fact name="Failures">
          <Nearness circuit={service.circuit} />
        </Fact>
      </dl>
      {service.lastFailure !== null && <LastFailure failure={service.lastFailure} />}
    </li>
  )
}
