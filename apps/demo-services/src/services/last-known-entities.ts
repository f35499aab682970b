import type { EntityList, EntityService } from './entity-service.ts'

/**
 * Remembers the last list of entities, to be shown while the database is away. One entity's state is another matter:
 * an old one would mislead, so asking for it goes on failing as it did.
 */
export interface LastKnownEntities {
  /** `service`, with an ear on its lists. */
  listenTo(service: EntityService): EntityService
  /** What stands in for the service after `error`. */
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
