import type { ServiceDetail } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatSetting, formatSettingName } from '../format.ts'

/** How a service is set up, defaults filled in. */
export function Settings({ settings }: Pick<ServiceDetail, 'settings'>): JSX.Element {
  const lines = Object.entries(settings).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([part, partValue]) => ({ name: part, of: name, value: partValue }))
      : [{ name, of: '', value }],
  )
  return (
    <section class="panel" aria-labelledby="configuration">
      <div class="panel-head">
        <h3 id="configuration">Configuration</h3>
      </div>
      <dl class="lines">
        {lines.map(({ name, of, value }) => (
          <div key={`${of}.${name}`} class="line">
            <dt title={of === '' ? name : `${of}.${name}`}>
              {of !== '' && <span class="quiet">{formatSettingName(of)} · </span>}
              {formatSettingName(name)}
            </dt>
            <dd>{formatSetting(name, value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
