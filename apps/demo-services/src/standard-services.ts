import { CONFIG_FILE, FEATURES_FILE } from './demo-services.ts'
import type { DemoServices } from './demo-services.ts'
import { connectDatabase } from './postgres/database.ts'
import type { DatabaseOptions } from './postgres/database.ts'
import { openConfigService } from './services/config-service.ts'
import { createEntityService } from './services/entity-service.ts'
import { openFeatureManager } from './services/feature-manager.ts'
import { createSecurityAuditService } from './services/security-audit-service.ts'

export interface StandardServices {
  readonly services: DemoServices
  end(): Promise<void>
}

/** Plain access, as in most applications: everything is opened at startup and called directly. */
export async function openStandardServices(options: DatabaseOptions): Promise<StandardServices> {
  const [featureManager, configService] = await Promise.all([
    openFeatureManager(FEATURES_FILE),
    openConfigService(CONFIG_FILE),
  ])
  const database = await connectDatabase(options)
  return {
    services: {
      featureManager,
      entityService: createEntityService(database),
      configService,
      securityAuditService: createSecurityAuditService(database),
    },
    end: () => database.end(),
  }
}
