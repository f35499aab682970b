/** What is asked for. */
export interface Entity {
  readonly id: string
  readonly name: string
  readonly speedKmh: number
}

/** The service behind every handler. */
export interface Entities {
  /** @throws Error (as a rejection) when there is no such entity */
  find(id: string): Promise<Entity>
}

const ENTITIES: ReadonlyMap<string, Entity> = new Map(
  Array.from({ length: 100 }, (_, index) => {
    const id = String(index + 1)
    return [id, { id, name: `Vehicle ${id}`, speedKmh: index }]
  }),
)

const ANSWERED = Promise.resolve()

/** A service whose answer is there already: no timer and no I/O, so that what is measured is what stands before it. */
export function createEntities(): Entities {
  return {
    async find(id) {
      await ANSWERED
      const entity = ENTITIES.get(id)
      if (entity === undefined) throw new Error(`There is no entity '${id}'`)
      return entity
    },
  }
}
