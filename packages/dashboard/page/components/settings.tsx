import type { ServiceDetail, SettingValue } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatSetting, formatSettingName } from '../format.ts'
import { Panel } from './panel.tsx'

/** How a service is set up, defaults filled in. */
export function Settings({ settings }: Pick<ServiceDetail, 'settings'>): JSX.Element {
  return (
    <Panel id="configuration" title="Configuration">
      <dl class="lines">
        {linesOf(settings).map(({ path, value }) => (
          <div key={path.join('.')} class="line">
            <dt title={path.join('.')}>
              <span class="quiet">{path.slice(0, -1).map((option) => `${formatSettingName(option)} · `)}</span>
              {formatSettingName(path.at(-1) ?? '')}
            </dt>
            <dd>{formatSetting(path.at(-1) ?? '', value)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

interface SettingLine {
  readonly path: readonly string[]
  readonly value: Exclude<SettingValue, object>
}

/** One for each option, also for those within others. */
function linesOf(settings: ServiceDetail['settings'], within: readonly string[] = []): SettingLine[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const path = [...within, name]
    return typeof value === 'object' && value !== null ? linesOf(value, path) : [{ path, value }]
  })
}
