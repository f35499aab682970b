import type { Database } from '../postgres/database.ts'

/** Who did what to which vehicle. */
interface AuditEntry {
  readonly actor: string
  readonly action: string
  readonly entityId: string
  readonly details: object
}

export interface SecurityAuditService {
  /** Resolves with the number of the entry after it was written. */
  record(entry: AuditEntry): Promise<string>
}

const RECORD = `
  insert into svcproxy_demo.audit_entries (actor, action, entity_id, details) values ($1, $2, $3, $4) returning id`

/** An audit trail in PostgreSQL. */
export function createSecurityAuditService(database: Database): SecurityAuditService {
  return {
    async record({ actor, action, entityId, details }) {
      const [row] = await database.query<{ id: string }>(RECORD, [actor, action, entityId, JSON.stringify(details)])
      if (row === undefined) throw new Error('The audit entry was not written')
      return row.id
    },
  }
}
