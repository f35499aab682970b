import { DatabaseError } from 'pg'
import { connectDatabase, noTraffic } from './database.ts'
import type { Database } from './database.ts'

/**
 * The tables that a {@link FailingDisk} affects: vehicles are read and changed in one, commands are recorded in the
 * other.
 */
export type Place = 'vehicle_states' | 'audit_entries'

/** The repeating pattern of statements; `x` fails. Two of each five fail, and at most three in a row. */
export const FATES: string = 'x..x. .x..x ..xx. x...x xx... ..x.x .x.x. x..x. ..xx. .x..x'.replaceAll(' ', '')

/** How often a change of the schema is tried, and how long it waits for a lock each time. */
const MAX_ATTEMPTS = 50
const LOCK_TIMEOUT_MS = 200

const PLACES: readonly Place[] = ['vehicle_states', 'audit_entries']

/**
 * A failing disk as its database shows it: PostgreSQL answers two of five statements with 58030, an input/output error.
 * It is not random. The statements of each application are counted separately, so that they do not affect each other;
 * other applications are spared.
 */
export class FailingDisk implements AsyncDisposable {
  readonly #database: Database
  #isFailing = true

  private constructor(database: Database) {
    this.#database = database
  }

  /** Starts to fail. @param applications the application names of the affected connections */
  static async begin(url: string, applications: readonly string[]): Promise<FailingDisk> {
    const database = await connectDatabase({ url, traffic: noTraffic(), maxConnections: 1 })
    const counters = applications.flatMap((application) => PLACES.map((place) => counterOf(application, place)))
    const sequences = counters.map((counter) => `create sequence ${counter}`)
    await changeUnderLoad(database, [BEGIN, ...sequences, STRIKE_READS, STRIKE_WRITES].join(';\n'))
    return new FailingDisk(database)
  }

  /** How many statements of an application were sent to PostgreSQL since the disk began to fail. */
  async statements(application: string, place: Place): Promise<number> {
    const text = 'select coalesce(pg_sequence_last_value($1::regclass), 0)::integer as count'
    const [row] = await this.#database.query<{ count: number }>(text, [counterOf(application, place)])
    return row?.count ?? 0
  }

  /** Stops failing. */
  async repair(): Promise<void> {
    if (!this.#isFailing) return
    this.#isFailing = false
    await changeUnderLoad(this.#database, REPAIR)
    await this.#database.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.repair()
  }
}

/**
 * Runs statements as one transaction, and again if it does not get a lock in time. The applications lock the same tables
 * in another order, and PostgreSQL looks for deadlocks after 1 s: it could end a transaction of theirs. So this side
 * gives up earlier. Their calls, which queue up behind the lock that it waits for, then go on as well.
 */
async function changeUnderLoad(database: Database, statements: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await database.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}; ${statements}`)
      return
    } catch (error) {
      const hasNoLock = error instanceof DatabaseError && error.code === '55P03'
      if (!hasNoLock || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

function counterOf(application: string, place: Place): string {
  return `svcproxy_demo_fault."${application} ${place}"`
}

/** A sequence also counts statements that fail. */
const BEGIN = `
  create schema svcproxy_demo_fault;
  create function svcproxy_demo_fault.strike(place text) returns boolean language plpgsql as $$
    declare
      counter regclass := to_regclass(
        format('svcproxy_demo_fault.%I', current_setting('application_name') || ' ' || place));
    begin
      if counter is null or substr('${FATES}', 1 + ((nextval(counter) - 1) % ${FATES.length})::integer, 1) = '.' then
        return true;
      end if;
      raise exception 'could not access the file of %: Input/output error', place using errcode = 'io_error';
    end $$`

/** The sub-select runs it once per statement, not per row. */
const STRIKE_READS = `
  alter table svcproxy_demo.vehicle_states rename to vehicle_states_on_disk;
  create view svcproxy_demo.vehicle_states as
    select * from svcproxy_demo.vehicle_states_on_disk where (select svcproxy_demo_fault.strike('vehicle_states'))`

const STRIKE_WRITES = `
  create function svcproxy_demo_fault.strike_entries() returns trigger language plpgsql as $$
    begin
      perform svcproxy_demo_fault.strike('audit_entries');
      return null;
    end $$;
  create trigger failing_disk before insert on svcproxy_demo.audit_entries
    for each statement execute function svcproxy_demo_fault.strike_entries()`

/** Dropping the schema also drops the view and the trigger that use it. */
const REPAIR = `
  drop schema svcproxy_demo_fault cascade;
  alter table svcproxy_demo.vehicle_states_on_disk rename to vehicle_states`
