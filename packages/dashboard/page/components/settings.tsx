import type { ServiceDetail, SettingValue } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatPolicy, formatSetting, formatSettingPath } from '../format.ts'
import { Panel } from './panel.tsx'

/** How a service is set up, defaults filled in. */
export function Settings({ settings }: Pick<ServiceDetail, 'settings'>): JSX.Element {
  return (
    <Panel id="configuration" title="Configuration">
      <dl class="lines">
        {linesOf(settings).map(({ path, value }) => (
          <div key={path.join('.')} class="line">
            <dt title={path.join('.')}>
              <span class="quiet">
                {path.slice(0, -1).map((_, index) => `${formatSettingPath(path.slice(0, index + 1))} · `)}
              </span>
              {formatSettingPath(path)}
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

interface SettingLine {
  readonly path: readonly string[]
  readonly value: string
}

/** One for each option, also for those within others, unless they make one line together. */
function linesOf(settings: ServiceDetail['settings'], within: readonly string[] = []): SettingLine[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const path = [...within, name]
    if (!isOptions(value)) return [{ path, value: formatSetting(name, value) }]
    const policy = formatPolicy(name, value)
    return policy === undefined ? linesOf(value, path) : [{ path, value: policy }]
  })
}

function isOptions(value: SettingValue): value is Extract<SettingValue, object> {
  return typeof value === 'object' && value !== null
}
