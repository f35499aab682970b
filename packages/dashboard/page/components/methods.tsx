import type { ServiceDetail } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatDuration } from '../format.ts'
import { Panel } from './panel.tsx'
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
    <Panel id="methods" title="Latency by method">
      {busiestFirst.length === 0 ? (
        <p class="card-empty">No request has done work yet.</p>
      ) : (
        <table class="methods">
          <thead>
            <tr>
              <th scope="col">Method</th>
              {['Requests', 'p50', 'p90', 'p99', 'Longest'].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {busiestFirst.map(([name, latency]) => (
              <tr key={name}>
                <th scope="row">{OWN_NAMES[name] ?? <code>{name}()</code>}</th>
                <td class="number">
                  <Count count={latency.count} />
                </td>
                {[latency.p50Ms, latency.p90Ms, latency.p99Ms, latency.maxMs].map((ms, index) => (
                  <td key={index} class="number">
                    {formatDuration(ms)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}
