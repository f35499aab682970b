import { describe, expect, test } from 'vitest'
import { postgresFailure } from './postgres-failure.ts'

const databaseError = (code: unknown) => Object.assign(new Error('as pg throws it'), { code, severity: 'ERROR' })

describe('the SQLSTATE of the caller', () => {
  test.each([
    ['02000', 'no_data'],
    ['09000', 'triggered_action_exception'],
    ['0A000', 'feature_not_supported'],
    ['0B000', 'invalid_transaction_initiation'],
    ['0F001', 'invalid_locator_specification'],
    ['0LP01', 'invalid_grant_operation'],
    ['0P000', 'invalid_role_specification'],
    ['0Z002', 'stacked_diagnostics_accessed_without_active_handler'],
    ['10608', 'invalid_argument_for_xquery'],
    ['20000', 'case_not_found'],
    ['21000', 'cardinality_violation'],
    ['22003', 'numeric_value_out_of_range'],
    ['22021', 'character_not_in_repertoire'],
    ['22P02', 'invalid_text_representation'],
    ['23502', 'not_null_violation'],
    ['23503', 'foreign_key_violation'],
    ['23505', 'unique_violation'],
    ['24000', 'invalid_cursor_state'],
    ['25001', 'active_sql_transaction'],
    ['25P02', 'in_failed_sql_transaction'],
    ['26000', 'invalid_sql_statement_name'],
    ['27000', 'triggered_data_change_violation'],
    ['2BP01', 'dependent_objects_still_exist'],
    ['2D000', 'invalid_transaction_termination'],
    ['2F002', 'modifying_sql_data_not_permitted'],
    ['34000', 'invalid_cursor_name'],
    ['38000', 'external_routine_exception'],
    ['39004', 'null_value_not_allowed'],
    ['3B001', 'invalid_savepoint_specification'],
    ['3F000', 'invalid_schema_name'],
    ['40001', 'serialization_failure'],
    ['40P01', 'deadlock_detected'],
    ['42501', 'insufficient_privilege'],
    ['42601', 'syntax_error'],
    ['42P01', 'undefined_table'],
    ['44000', 'with_check_option_violation'],
    ['54001', 'statement_too_complex'],
    ['55P03', 'lock_not_available'],
    ['P0001', 'raise_exception'],
    ['P0002', 'no_data_found'],
  ])('%s, %s', (code) => {
    expect(postgresFailure(databaseError(code))).toBe(false)
  })
})

describe('the SQLSTATE of the service', () => {
  test.each([
    ['01000', 'warning'],
    ['03000', 'sql_statement_not_yet_complete'],
    ['08006', 'connection_failure'],
    ['08P01', 'protocol_violation'],
    ['25006', 'read_only_sql_transaction'],
    ['25P03', 'idle_in_transaction_session_timeout'],
    ['25P04', 'transaction_timeout'],
    ['28P01', 'invalid_password'],
    ['3D000', 'invalid_catalog_name'],
    ['40003', 'statement_completion_unknown'],
    ['53100', 'disk_full'],
    ['53300', 'too_many_connections'],
    ['57014', 'query_canceled'],
    ['57P01', 'admin_shutdown'],
    ['57P03', 'cannot_connect_now'],
    ['58030', 'io_error'],
    ['72000', 'snapshot_too_old'],
    ['F0000', 'config_file_error'],
    ['HV00N', 'fdw_unable_to_establish_connection'],
    ['XX001', 'data_corrupted'],
    ['MY001', 'of a function of yours'],
  ])('%s, %s', (code) => {
    expect(postgresFailure(databaseError(code))).toBe(true)
  })
})

test.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'CONNECTION_CLOSED', 'CONNECT_TIMEOUT'])(
  'a code of Node or of the client is a failure: %s',
  (code) => {
    expect(postgresFailure(databaseError(code))).toBe(true)
  },
)

test.each([23505, 22, '22', '2350', '235055', '23505 ', ' 23505', '22p02', '23505\n', ['23505'], null])(
  'what is no SQLSTATE is none: %j',
  (code) => {
    expect(postgresFailure(databaseError(code))).toBe(true)
  },
)

describe('behind a client', () => {
  const refused = databaseError('ECONNREFUSED')
  const duplicate = databaseError('23505')
  const full = databaseError('53300')

  test.each([
    ['drizzle and Kysely', (cause: unknown) => new Error('Failed query', { cause })],
    ['Sequelize', (original: unknown) => Object.assign(new Error('Validation error'), { original, parent: original })],
    ['Objection', (nativeError: unknown) => Object.assign(new Error('x'), { nativeError, client: 'postgres' })],
    ['a code of its own', (cause: unknown) => Object.assign(new Error('x', { cause }), { code: 'E_ROW_NOT_FOUND' })],
  ])('%s', (_client, wrapped) => {
    expect([duplicate, full, refused].map((error) => postgresFailure(wrapped(error)))).toEqual([false, true, true])
  })

  test('the nearest SQLSTATE is the one that counts', () => {
    expect(postgresFailure(Object.assign(new Error('x', { cause: full }), { code: '23505' }))).toBe(false)
    expect(postgresFailure(Object.assign(new Error('x', { cause: duplicate }), { code: '53300' }))).toBe(true)
  })

  test.each(['UNDEFINED_VALUE', 'MAX_PARAMETERS_EXCEEDED'])(
    'what postgres.js does not send is no failure: %s',
    (code) => {
      expect(postgresFailure(databaseError(code))).toBe(false)
    },
  )
})

describe('behind Prisma', () => {
  const known = (code: string, meta?: object) =>
    Object.assign(new Error('x'), { name: 'PrismaClientKnownRequestError', code, meta })
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `P${String(from + index).padStart(4, '0')}`)

  test('of its own codes P2000 to P2035 are no failures, but for a raw query, time-outs and several errors at once', () => {
    const codes = [...numbered(1_000, 1_020), ...numbered(2_000, 2_050), ...numbered(3_000, 3_020), 'P5000', 'P6003']
    const callers = codes.filter((code) => !postgresFailure(known(code)))
    expect(callers).toEqual(numbered(2_000, 2_035).filter((code) => !/P2010|P2024|P2027|P2028/.test(code)))
  })

  test.each([
    ['22P02', false],
    ['57014', true],
    ['53300', true],
    ['40001', false],
  ])('a SQLSTATE says more than its code: %s', (sqlState, isFailure) => {
    const driverAdapterError = new Error('x', { cause: { originalCode: sqlState, kind: 'postgres' } })
    expect(postgresFailure(known('P2010', { driverAdapterError }))).toBe(isFailure) // Prisma 7
    expect(postgresFailure(known('P2039', { driverAdapterError }))).toBe(isFailure)
    expect(postgresFailure(known('P2002', { driverAdapterError }))).toBe(isFailure)
    expect(postgresFailure(known('P2010', { code: sqlState, message: 'x' }))).toBe(isFailure) // Prisma 6
  })

  test.each(['XP2002', 'P20020', 'p2002', 2002])('what is none of its codes is a failure: %s', (code) => {
    expect(postgresFailure(databaseError(code))).toBe(true)
  })

  test('arguments that it refuses are no failure: nothing was sent', () => {
    expect(postgresFailure(Object.assign(new Error('x'), { name: 'PrismaClientValidationError' }))).toBe(false)
    expect(postgresFailure(Object.assign(new Error('x'), { name: 'PrismaClientInitializationError' }))).toBe(true)
  })
})
