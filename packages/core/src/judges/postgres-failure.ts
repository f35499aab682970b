import { judged, read } from './judged.ts'

/** Where clients put what PostgreSQL said: drizzle and others, Prisma (`meta.driverAdapterError`), Sequelize, Objection. */
const LINKS = ['cause', 'meta', 'driverAdapterError', 'original', 'nativeError']

/** The classes that concern the statement, its values or its transaction. All others are failures of the service. */
const OF_THE_CALLER: ReadonlySet<string> = new Set(
  '02 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 2B 2D 2F 34 38 39 3B 3F 40 42 44 54 55 P0'.split(' '),
)

/** The failures of the service in those classes: a server that became a standby, two timeouts, an unknown outcome. */
const YET_OF_THE_SERVICE: ReadonlySet<string> = new Set(['25006', '25P03', '25P04', '40003'])

/**
 * The failures of the service in P2000 … P2035: a raw query (its SQLSTATE says more), waiting for a connection, several
 * errors at once, a transaction's timeout.
 */
const PRISMA_YET_OF_THE_SERVICE: ReadonlySet<string> = new Set(['P2010', 'P2024', 'P2027', 'P2028'])

/** postgres.js: the values do not fit into a statement, and nothing was sent. */
const NOT_SENT: ReadonlySet<unknown> = new Set(['UNDEFINED_VALUE', 'MAX_PARAMETERS_EXCEEDED'])

/**
 * For `circuit.isFailure` of a PostgreSQL client: whether an error is a failure of the service. If it returns false,
 * the error is an answer to what the caller asked, by its SQLSTATE: neither a malformed id nor a violated constraint
 * opens the circuit.
 *
 * | class | | because |
 * |---|---|---|
 * | 22, 23, 44 | false | the values: malformed, out of range, against a constraint |
 * | 02, 21, 54 | false | the amount: no data, more than one row, a statement too large |
 * | 0A, 0L, 0P, 2B, 34, 3F, 42 | false | the statement: syntax, names, missing permission, not supported |
 * | 09, 0F, 0Z, 10, 20, 27, 2F, 38, 39, P0 | false | what a function or a trigger says: `raise exception` above all |
 * | 0B, 24, 25, 26, 2D, 3B | false | the order of statements in a session: cursors, savepoints, an aborted transaction |
 * | 25006 | true | read-only: the server became a standby |
 * | 25P03, 25P04 | true | time ran out in a transaction, and its connection is gone |
 * | 40 | false | a conflict or a deadlock with another caller: the server works and asks for the transaction to be repeated |
 * | 40003 | true | the outcome is unknown |
 * | 55 | false | the state of one object: locked (`nowait`, `lock_timeout`), in use |
 * | 08 | true | the connection. Poolers say most things with 08P01 |
 * | 28, 3D | true | nobody can connect: the password or the database of the pool is wrong |
 * | 53, 57, 58, F0, XX | true | out of resources, shut down, `statement_timeout` (57014), input and output, configuration, corruption |
 * | HV | true | another service, behind this one |
 * | 00, 01, 03, 72, others | true | not expected as errors, or not known: a class of your own that `raise` gives |
 *
 * The SQLSTATE is the five capitals and digits in `code` of the error, or of an error that it wraps: `cause` (drizzle,
 * Kysely, your own), `meta` (Prisma), `original` (Sequelize), `nativeError` (Objection). This covers pg, postgres.js,
 * knex and everything built on them. Where PostgreSQL was not asked, Prisma's own codes decide:
 * `PrismaClientValidationError` and P2000 … P2035 are the caller's fault, except P2010, P2024, P2027 and P2028. So are
 * `UNDEFINED_VALUE` and `MAX_PARAMETERS_EXCEEDED` of postgres.js. Everything else is a failure: `ECONNREFUSED`, a
 * number in `code`, and every error of this library. Never throws.
 *
 * @see {@link https://www.postgresql.org/docs/18/errcodes-appendix.html | PostgreSQL, Appendix A}
 * @see {@link https://www.prisma.io/docs/orm/reference/error-reference | Prisma, error reference}
 */
export function postgresFailure(error: unknown): boolean {
  return judged(error, LINKS, [bySqlState, byClient])
}

function bySqlState(part: object): boolean | undefined {
  // Prisma's driver adapter has it at originalCode.
  const state = [read(part, 'code'), read(part, 'originalCode')].find(isSqlState)
  if (state === undefined) return undefined
  return !OF_THE_CALLER.has(state.slice(0, 2)) || YET_OF_THE_SERVICE.has(state)
}

/** Excludes Node's `EPIPE` and Prisma's `P2002`. */
function isSqlState(value: unknown): value is string {
  return typeof value === 'string' && /^(?!E|P[1-9])[0-9A-Z]{5}$/.test(value)
}

function byClient(part: object): boolean | undefined {
  const code = read(part, 'code')
  const notSent = NOT_SENT.has(code) || read(part, 'name') === 'PrismaClientValidationError'
  return notSent || isPrismaQuery(code) ? false : undefined
}

function isPrismaQuery(code: unknown): boolean {
  return typeof code === 'string' && /^P20([0-2]\d|3[0-5])$/.test(code) && !PRISMA_YET_OF_THE_SERVICE.has(code)
}
