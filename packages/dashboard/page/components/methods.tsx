import type { ServiceDetail } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatDuration } from '../format.ts'
import { Count } from './service-numbers.tsx'

/** The library's own names for what is no method of the service. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  $get: 'loading',
  $call: 'calls with a function',
  $self: 'itself',
  $other: 'other methods',
}

/** Latencies by method, the busiest first. */
export function Methods({ methods }: Pick<ServiceDetail, 'methods'>): JSX.Element {
  const busiestFirst = Object.entries(methods).sort(([, a], [, b]) => b.count - a.count)
  return (
    <section class="panel" aria-labelledby="methods">
      <div class="panel-head">
        <h3 id="methods">Latency by method</h3>
      </div>
      {busiestFirst.length === 0 ? (
        <p class="card-empty">No request has done work yet.</p>
      ) : (
        <table class="methods">
          <thead>
            <tr>
              <th scope="col">Method</th>
              <th scope="col" class="number">
                Requests
              </th>
              <th scope="col" class="number">
                p50
              </th>
              <th scope="col" class="number">
                p90
              </th>
              <th scope="col" class="number">
                p99
              </th>
              <th scope="col" class="number">
                Longest
              </th>
            </tr>
          </thead>
          <tbody>
            {busiestFirst.map(([name, latency]) => (
              <tr key={name}>
                <th scope="row">{OWN_NAMES[name] ?? <code>{name}()</code>}</th>
                <td class="number">
                  <Count count={latency.count} />
                </td>
                <td class="number">{formatDuration(latency.p50Ms)}</td>
                <td class="number">{formatDuration(latency.p90Ms)}</td>
                <td class="number">{formatDuration(latency.p99Ms)}</td>
                <td class="number">{formatDuration(latency.maxMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
