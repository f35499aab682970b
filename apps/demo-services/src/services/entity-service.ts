import { NotFoundError } from '../domain-error.ts'
import type { Database } from '../postgres/database.ts'

/** A vehicle and its state. */
export interface Entity {
  readonly id: string
  readonly name: string
  readonly model: string
  readonly speedKmh: number
  readonly batteryPercent: number
  readonly locked: boolean
  readonly speedLimitKmh: number | null
  readonly updatedAt: Date
}

export interface EntityList {
  readonly entities: readonly Entity[]
  /** `last known`: remembered from `asOf`, because the database cannot be asked. */
  readonly source: 'database' | 'last known'
  readonly asOf: Date
}

/** The commands for a vehicle. */
export type EntityCommand =
  | { readonly type: 'lock' | 'unlock' }
  | { readonly type: 'limit_speed'; readonly speedKmh: number }

export interface EntityService {
  listEntities(): Promise<EntityList>
  /** @throws {@link NotFoundError} */
  getEntity(id: string): Promise<Entity>
  /** Returns the vehicle after the command. @throws {@link NotFoundError} */
  applyCommand(id: string, command: EntityCommand): Promise<Entity>
}

const ENTITY = `
  v.id, v.name, v.model, s.speed_kmh as "speedKmh", s.battery_percent as "batteryPercent", s.locked,
  s.speed_limit_kmh as "speedLimitKmh", s.updated_at as "updatedAt"`

const LIST = `
  select ${ENTITY} from svcproxy_demo.vehicles v join svcproxy_demo.vehicle_states s on s.vehicle_id = v.id
  order by v.id limit 100`

const GET = `
  select ${ENTITY} from svcproxy_demo.vehicles v join svcproxy_demo.vehicle_states s on s.vehicle_id = v.id
  where v.id = $1`

const APPLY = `
  with s as (
    update svcproxy_demo.vehicle_states
    set locked = coalesce($2::boolean, locked), speed_limit_kmh = coalesce($3::integer, speed_limit_kmh), updated_at = now()
    where vehicle_id = $1
    returning *
  )
  select ${ENTITY} from svcproxy_demo.vehicles v join s on s.vehicle_id = v.id`

/** Vehicles in PostgreSQL. Each method is one statement, so that after an abort no further statement follows. */
export function createEntityService(database: Database): EntityService {
  return {
    async listEntities() {
      return { entities: await database.query<Entity & object>(LIST), source: 'database', asOf: new Date() }
    },

    async getEntity(id) {
      return first(await database.query<Entity & object>(GET, [id]), id)
    },

    async applyCommand(id, command) {
      const locked = command.type === 'limit_speed' ? null : command.type === 'lock'
      const speedLimitKmh = command.type === 'limit_speed' ? command.speedKmh : null
      return first(await database.query<Entity & object>(APPLY, [id, locked, speedLimitKmh]), id)
    },
  }
}

function first([entity]: readonly Entity[], id: string): Entity {
  if (entity === undefined) throw new NotFoundError(`There is no entity '${id}'`)
  return entity
}
