import { UnitrailError, type ErrorCode } from '../../domain/errors';

/** What a refusal of our own functions means (see the head of migrations/0007-append-event.sql). */
const byState: Readonly<Record<string, ErrorCode>> = {
  UT001: 'STATE_MOVED_ON',
  UT002: 'STEP_ORDER_REFUSED',
  UT003: 'REQUEST_CONFLICT',
  UT004: 'STATE_MOVED_ON',
  UT005: 'FENCE_STALE',
  UT006: 'ON_HOLD',
  UT007: 'INPUT_INVALID',
  UT008: 'ORDER_QUANTITY_EXCEEDED',
  UT009: 'NOT_FOUND',
  UT010: 'SERIAL_CONFLICT',
  UT011: 'SCHEME_EXHAUSTED',
  UT012: 'BATCH_CONFLICT',
  UT013: 'IDENTITY_MISMATCH',
  UT014: 'REGISTRY_LAGS',
  UT020: 'BATCH_CANCELLED',
  UT021: 'NOT_ALLOWED',
  UT025: 'IMPORT_UNDER_WAY',
  UT041: 'LOG_BROKEN',
  '42501': 'NOT_ALLOWED',
  '40001': 'STATE_MOVED_ON',
  '40P01': 'STATE_MOVED_ON',
  '23505': 'DUPLICATE_SERIAL',
  '28P01': 'CONFIGURATION_INVALID',
  '28000': 'CONFIGURATION_INVALID',
  '3D000': 'CONFIGURATION_INVALID',
};

/** Conflicts of one kind of identifier have a code of their own: the constraint's name is the kind. */
const byConstraint: Readonly<Record<string, ErrorCode>> = { 'chip-uid': 'CHIP_UID_SEEN_BEFORE' };

/** SQLSTATE classes that mean "the database is away or busy", not "the database said no". */
const away = /^(08|53|57P|58|55P03|57014|25P03)/;

interface PostgresError extends Error {
  readonly code?: string;
  readonly constraint?: string;
}

/** Runs a query and maps its error by SQLSTATE and constraint name, never by message text. */
export async function mapped<T>(query: PromiseLike<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw toUnitrailError(error);
  }
}

export function toUnitrailError(error: unknown): UnitrailError {
  if (error instanceof UnitrailError) return error;
  const { code = '', constraint = '', message = '' } = error as PostgresError;
  const known = byConstraint[constraint] ?? byState[code];
  if (known) return new UnitrailError(known, message, { sqlState: code }, { cause: error });
  if (isAway(error as PostgresError)) {
    return new UnitrailError(
      'DATABASE_UNAVAILABLE',
      `The database does not answer (${code || 'no connection'}). Nothing was decided.`,
      { sqlState: code },
      { cause: error },
    );
  }
  return new UnitrailError(
    'INTERNAL',
    `The database refused a statement (SQLSTATE ${code || 'none'}, constraint ${constraint || 'none'}).`,
    { sqlState: code, constraint },
    { cause: error },
  );
}

/** Node's socket errors (ECONNREFUSED …) and the pool's time-outs have no SQLSTATE of five characters. */
function isAway(error: PostgresError): boolean {
  if (error.name === 'KnexTimeoutError') return true;
  if (!error.code) return /connection|timeout/i.test(error.message);
  return away.test(error.code) || error.code.length !== 5;
}
