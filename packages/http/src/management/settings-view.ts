import type { SettingValue } from './snapshot.ts'

/** Settings as JSON can have them, to any depth: null in place of `Infinity`, and nothing of what is off. */
export function settingsView(settings: object): Readonly<Record<string, SettingValue>> {
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
