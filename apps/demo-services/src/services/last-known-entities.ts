import type { EntityList, EntityService } from './entity-service.ts'

/**
 * Remembers the last list of entities, to show it while the database is down. The state of a single entity is not
 * remembered: an old state would be misleading, so requests for it keep failing.
 */
export interface LastKnownEntities {
  /** `service`, whose lists are remembered. */
  listenTo(service: EntityService): EntityService
  /** The substitute for the service after `error`. */
  substitute(error: unknown): EntityService
}

export function lastKnownEntities(): LastKnownEntities {
  let known: EntityList | undefined
  return {
    listenTo: (service) => ({
      ...service,
      listEntities: async () => (known = await service.listEntities()),
    }),

    substitute: (error) => {
      const fail = async (): Promise<never> => {
        throw error
      }
      return {
        listEntities: async () => (known === undefined ? fail() : { ...known, source: 'last known' }),
        getEntity: fail,
        applyCommand: fail,
      }
    },
  }
}
