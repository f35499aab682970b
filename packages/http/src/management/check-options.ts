import { InvalidOptionError } from '@svcproxy/core'
import { checkBasePath, checkFunction } from '../option-checks.ts'
import type { ManagementOptions } from './options.ts'

/** Does not compile if an option is missing from the list. */
const NAMES: Readonly<Record<keyof ManagementOptions, true>> = {
  authorize: true,
  authorizeTimeoutMs: true,
  readOnly: true,
  basePath: true,
  environment: true,
  instanceId: true,
  redact: true,
  onAudit: true,
  trustedOrigins: true,
  challenge: true,
}

/**
 * Checks all options except those that {@link accessGate} checks. A misspelt option is an error: a misspelt `readOnly`
 * would protect nothing.
 * @throws {@link InvalidOptionError}
 */
export function checkManagementOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidOptionError('options', 'an object with authorize', options)
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) {
      throw new InvalidOptionError('options', `an object with only ${Object.keys(NAMES).join(', ')}`, name)
    }
  }
  const given: { readonly [K in keyof ManagementOptions]?: unknown } = options
  checkBasePath(given.basePath)
  if (given.readOnly !== undefined && typeof given.readOnly !== 'boolean') {
    throw new InvalidOptionError('readOnly', 'a boolean', given.readOnly)
  }
  checkText('environment', given.environment)
  checkText('instanceId', given.instanceId)
  checkFunction('redact', given.redact)
  checkFunction('onAudit', given.onAudit)
  checkOrigins(given.trustedOrigins)
}

function checkText(option: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '' && value.length <= 100)) return
  throw new InvalidOptionError(option, 'a string of 1 … 100 characters', value)
}

function checkOrigins(origins: unknown): void {
  if (origins === undefined) return
  if (!Array.isArray(origins)) throw new InvalidOptionError('trustedOrigins', 'a list of origins', origins)
  for (const origin of origins as unknown[]) {
    if (typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin) continue
    throw new InvalidOptionError('trustedOrigins', "origins such as 'https://ops.example.com', without a path", origin)
  }
}
