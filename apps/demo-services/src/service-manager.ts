import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { combinedFailure, factoryProvider, postgresFailure, ServiceProxyManager } from '@svcproxy/core'
import type { CircuitPolicy, RetryBudget, ServiceProvider } from '@svcproxy/core'
import { CONFIG_FILE, FEATURES_FILE } from './demo-services.ts'
import type { DemoServices } from './demo-services.ts'
import { DomainError } from './domain-error.ts'
import { connectDatabase, MAX_CONNECTIONS } from './postgres/database.ts'
import type { Database, DatabaseOptions } from './postgres/database.ts'
import { openConfigService } from './services/config-service.ts'
import { createEntityService } from './services/entity-service.ts'
import { defaultFeatureManager, openFeatureManager } from './services/feature-manager.ts'
import { isReadableJsonFile } from './services/json-file.ts'
import { lastKnownEntities } from './services/last-known-entities.ts'
import { createSecurityAuditService } from './services/security-audit-service.ts'

export type DemoManager = ServiceProxyManager<DemoServices>

/** Connections for the audit trail, so that it never waits for those who read. */
const AUDIT_CONNECTIONS = 2

/** Of the audit trail: a record that fails is a command that is not obeyed, so a part of them that fails is an outage. */
export const AUDIT_FAILURE_RATE = { ratio: 0.3, minimumCalls: 20 } as const

/** The deadline of every call, when nothing else is said: the pattern's. */
const TIMEOUT_MS = 5_000

/** The circuits' policy, and how calls are treated. */
export interface DemoPolicy extends CircuitPolicy {
  /** The deadline of every call, with all its attempts. */
  readonly timeoutMs?: number
  /** How many reads may be tried again. */
  readonly retryBudget?: RetryBudget
}

export interface ServiceManagerOptions {
  readonly database: DatabaseOptions
  /** Goes over the pattern's defaults. */
  readonly policy?: DemoPolicy | undefined
  /** @defaultValue {@link FEATURES_FILE} */
  readonly featuresFile?: URL
}

/** The same services behind proxies. */
export function createServiceManager(options: ServiceManagerOptions): DemoManager {
  const { database, policy = {}, featuresFile = FEATURES_FILE } = options
  const { timeoutMs = TIMEOUT_MS, retryBudget = {}, ...circuit } = policy
  const lastKnown = lastKnownEntities()
  return new ServiceProxyManager({
    breaker: opossumBreaker(),
    timeoutMs,
    circuit: { ...circuit, isFailure: combinedFailure(isNoDomainError, postgresFailure) },
  })
    .add('featureManager', {
      provider: fileProvider('featureManager', featuresFile, openFeatureManager),
      cacheTtlMs: 60_000,
      fallback: () => defaultFeatureManager,
    })
    .add('entityService', {
      provider: databaseProvider('entityService', database, (opened) =>
        lastKnown.listenTo(createEntityService(opened)),
      ),
      cacheTtlMs: 30_000,
      // One more than there are connections would only queue in the driver.
      maxConcurrentCalls: MAX_CONNECTIONS,
      // To read twice does no harm; a command that seems to have failed may have been carried out.
      methods: { listEntities: { retry: true }, getEntity: { retry: true } },
      // Short waits: a user sits through them.
      retry: { backoffInitialMs: 50 },
      requestTimeoutMs: timeoutMs,
      retryBudget,
      fallback: (error) => lastKnown.substitute(error),
    })
    .add('configService', {
      provider: fileProvider('configService', CONFIG_FILE, openConfigService),
      cacheTtlMs: 300_000,
      critical: true,
    })
    .add('securityAuditService', {
      provider: databaseProvider(
        'securityAuditService',
        { ...database, maxConnections: AUDIT_CONNECTIONS },
        createSecurityAuditService,
      ),
      cacheTtlMs: 30_000,
      security: true,
      circuit: { failureRate: AUDIT_FAILURE_RATE },
      maxConcurrentCalls: AUDIT_CONNECTIONS,
    })
}

function isNoDomainError(error: unknown): boolean {
  return !(error instanceof DomainError)
}

/** Services that read a file when they are made: a new instance, one TTL later, sees what has changed. */
function fileProvider<T>(serviceName: string, file: URL, open: (file: URL) => Promise<T>): ServiceProvider<T> {
  return factoryProvider(serviceName, {
    create: () => open(file),
    checkHealth: () => isReadableJsonFile(file),
    renew: 'replace',
  })
}

/** Services with a pool of their own, which is kept as long as it is well, and ends when its instance is no longer used. */
function databaseProvider<T extends object>(
  serviceName: string,
  options: DatabaseOptions,
  create: (database: Database) => T,
): ServiceProvider<T> {
  return factoryProvider<T & { readonly database: Database }>(serviceName, {
    async create({ signal }) {
      const database = await connectDatabase(options, signal)
      return { ...create(database), database }
    },
    checkHealth: ({ database }) => database.isHealthy(),
    dispose: ({ database }) => database.end(),
  })
}
