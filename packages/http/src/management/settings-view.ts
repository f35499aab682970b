import type { ServiceSettings } from '@svcproxy/core'
import type { SettingValue } from './snapshot.ts'

/** The settings of a service as JSON: null for `Infinity`, without rules that are off. */
export function serviceSettingsView(settings: ServiceSettings): Readonly<Record<string, SettingValue>> {
  // Without `requestTimeoutMs` a request may take for ever.
  return settingsView({ ...settings, requestTimeoutMs: settings.requestTimeoutMs ?? Infinity })
}

function settingsView(settings: object): Readonly<Record<string, SettingValue>> {
  const shown: Record<string, SettingValue> = {}
  const entries: [string, unknown][] = Object.entries(settings)
  for (const [option, value] of entries) {
    const view = valueView(value)
    if (view !== undefined) shown[option] = view
  }
  return shown
}

/** Null for `Infinity`. */
export function finite(value: number): number | null {
  return value === Infinity ? null : value
}

/** Undefined: there is nothing to show. */
function valueView(value: unknown): SettingValue | undefined {
  if (typeof value === 'number') return finite(value)
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return typeof value === 'object' && value !== null ? settingsView(value) : undefined
}
