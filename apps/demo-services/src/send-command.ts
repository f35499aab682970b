import type { DemoServices } from './demo-services.ts'
import type { Entity, EntityCommand } from './services/entity-service.ts'

interface CommandRequest {
  readonly entityId: string
  readonly command: EntityCommand
  readonly actor: string
}

interface CommandReceipt {
  /** The number of the audit entry. */
  readonly auditId: string
  readonly entity: Entity
}

/**
 * Sends a command to a vehicle. It is on record before it is carried out, so without the audit trail no command is
 * obeyed; an attempt that finds no such vehicle is on record too.
 * @throws {@link NotFoundError}
 */
export async function sendCommand(
  { entityService, securityAuditService }: DemoServices,
  { entityId, command, actor }: CommandRequest,
): Promise<CommandReceipt> {
  const { type: action, ...details } = command
  const auditId = await securityAuditService.record({ actor, action, entityId, details })
  return { auditId, entity: await entityService.applyCommand(entityId, command) }
}
