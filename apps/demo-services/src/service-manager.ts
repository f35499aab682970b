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

/** The audit trail has its own connections, so that it never waits for reads. */
const AUDIT_CONNECTIONS = 2

/**
 * For the audit trail: a record that fails is a command that is not carried out, so a share of failed records is an
 * outage.
 */
export const AUDIT_FAILURE_RATE = { ratio: 0.3, minimumCalls: 20 } as const

/** The deadline of every call unless it is set otherwise: the default of the library. */
const TIMEOUT_MS = 5_000

/** The policy of the circuits, and settings of the calls. */
export interface DemoPolicy extends CircuitPolicy {
  /** The deadline of every call, with all its attempts. */
  readonly timeoutMs?: number
  /** How many reads may be retried. */
  readonly retryBudget?: RetryBudget
}

export interface ServiceManagerOptions {
  readonly database: DatabaseOptions
  /** Takes precedence over the defaults. */
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
      // More calls than connections would only queue in the driver.
      maxConcurrentCalls: MAX_CONNECTIONS,
      // Reading twice does no harm; a command that seems to have failed may have been carried out.
      methods: { listEntities: { retry: true }, getEntity: { retry: true } },
      // Short waits, because a user is waiting.
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

/** Services that read a file when they are created: the next instance, one TTL later, sees changes. */
function fileProvider<T>(serviceName: string, file: URL, open: (file: URL) => Promise<T>): ServiceProvider<T> {
  return factoryProvider(serviceName, {
    create: () => open(file),
    checkHealth: () => isReadableJsonFile(file),
    renew: 'replace',
  })
}

/**
 * Services with their own pool, which is kept as long as it is healthy, and ends when its instance is no longer used.
 */
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
