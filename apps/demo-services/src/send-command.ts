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
 * Sends a command to a vehicle. It is recorded before it is carried out, so no command is carried out without the audit
 * trail; a command to an unknown vehicle is recorded, too.
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
