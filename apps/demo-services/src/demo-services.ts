import type { ConfigService } from './services/config-service.ts'
import type { EntityService } from './services/entity-service.ts'
import type { FeatureManager } from './services/feature-manager.ts'
import type { SecurityAuditService } from './services/security-audit-service.ts'

/** The services of the handlers. The handlers cannot see whether they are proxied. */
export interface DemoServices {
  readonly featureManager: FeatureManager
  readonly entityService: EntityService
  readonly configService: ConfigService
  readonly securityAuditService: SecurityAuditService
}

export const FEATURES_FILE: URL = new URL('../data/features.json', import.meta.url)
export const CONFIG_FILE: URL = new URL('../data/config.json', import.meta.url)
