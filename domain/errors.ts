/**
 * The closed catalogue of errors. The class of an error decides what happens next:
 *
 * - retry: infrastructure is away, nothing is decided. Temporal retries without end.
 * - park: the device or the station failed. The workflow repeats the step a few times, then holds the unit.
 * - reject: the input is wrong, trying again can't help. Refused with field, value and what is allowed.
 * - quarantine: the world disagrees with the record. The unit is held with both sides shown.
 * - page: a promise of the system is broken. The line stops and somebody is called.
 *
 * A code is the `type` of Temporal's ApplicationFailure. A code is never used again for another meaning.
 */
export type Reaction = 'retry' | 'park' | 'reject' | 'quarantine' | 'page';

export const reactions = {
  // Infrastructure
  DATABASE_UNAVAILABLE: 'retry',
  CA_UNAVAILABLE: 'retry',
  STORE_UNAVAILABLE: 'retry',
  TEMPORAL_UNAVAILABLE: 'retry',
  /** The receiver of notices did not take one: it is kept, and sent again. */
  WEBHOOK_UNAVAILABLE: 'retry',
  /** The buyer's server does not answer, or the connection broke: the next try goes on where this one stopped. */
  SFTP_UNREACHABLE: 'retry',
  /** The buyer's server has no room, or a quota is used up. */
  SFTP_FULL: 'retry',
  /** Every slot that could do the step is taken: a benign wait, not a fault. */
  SLOT_BUSY: 'retry',
  /** The row moved on while we worked (another try, another claim): read it again. */
  STATE_MOVED_ON: 'retry',
  /** A quality hold is open: the unit waits until it is released. */
  ON_HOLD: 'retry',
  /** Units of a batch are still under way: a benign wait, not a fault. */
  UNITS_UNDER_WAY: 'retry',
  /** What only one process may do at a time is done by another one. */
  TURN_TAKEN: 'retry',
  /** Another import works in the same numbers. */
  IMPORT_UNDER_WAY: 'retry',

  // The device or the station
  DEVICE_NOT_RESPONDING: 'park',
  DEVICE_REFUSED: 'park',
  FLASH_VERIFY_FAILED: 'park',
  IDENTITY_WRITE_FAILED: 'park',
  /** The station could not measure; says nothing about the device. */
  TEST_ERROR: 'park',
  /** A limit was missed: the device's fault. Never repeated without a person. */
  TEST_FAILED: 'park',
  CERTIFICATE_INSTALL_FAILED: 'park',
  PRINTER_FAILED: 'park',
  LABEL_UNREADABLE: 'park',
  STATION_OFFLINE: 'park',
  FENCE_STALE: 'park',
  BOARD_NOT_PRESENT: 'park',

  // Wrong input
  INPUT_INVALID: 'reject',
  ORDER_INVALID: 'reject',
  PLANT_INVALID: 'reject',
  CONFIGURATION_INVALID: 'reject',
  /** Somebody cancelled the unit's workflow: the unit is held, not lost. */
  CANCELLED: 'reject',
  BATCH_CONFLICT: 'reject',
  /** Somebody cancelled the batch: it claims no further unit. */
  BATCH_CANCELLED: 'reject',
  ORDER_QUANTITY_EXCEEDED: 'reject',
  SCHEME_EXHAUSTED: 'reject',
  SERIAL_MALFORMED: 'reject',
  NOT_FOUND: 'reject',
  NOT_ALLOWED: 'reject',
  IMAGE_DIGEST_MISMATCH: 'reject',
  CSR_INVALID: 'reject',
  /** The buyer's server does not take the user's key or password. Tried again, it might lock the user out. */
  SFTP_LOGIN_REFUSED: 'reject',
  /** The buyer's server does not allow what a delivery needs: the folder, writing in it, renaming. */
  SFTP_REFUSED: 'reject',

  // The world disagrees with the record
  SERIAL_CONFLICT: 'quarantine',
  CHIP_UID_SEEN_BEFORE: 'quarantine',
  IDENTITY_MISMATCH: 'quarantine',
  LABEL_MISMATCH: 'quarantine',
  PRINT_UNKNOWN: 'quarantine',
  QUALITY_MISMATCH: 'quarantine',
  REQUEST_CONFLICT: 'quarantine',
  RECIPE_MISMATCH: 'quarantine',
  /** The database refused an event because the unit's history does not allow it. */
  STEP_ORDER_REFUSED: 'quarantine',
  /** The server shows another host key than the plant file pins: another machine, or somebody in between. */
  SFTP_HOST_KEY_MISMATCH: 'quarantine',
  /** A file of the same name and other content lies at the buyer's. It is never overwritten. */
  SFTP_FILE_CONFLICT: 'quarantine',

  // A promise is broken
  DUPLICATE_SERIAL: 'page',
  AUDIT_CHAIN_BROKEN: 'page',
  /** Numbers were granted that no account holds, or the registry holds other ones than the ledger. */
  LEDGER_UNBALANCED: 'page',
  RECORD_INCOMPLETE: 'page',
  /** An archived history or record is not what was moved. */
  CAPSULE_DAMAGED: 'page',
  /** A content is damaged or missing in every place that should have it. */
  CONTENT_LOST: 'page',
  /** A content can't be made whole where it should be, or can't be read anywhere: it may come back with its disk or its server. */
  CONTENT_UNMENDED: 'page',
  /** A content of the archive can't be locked until the end that the policy gives it: somebody could remove it before. */
  CONTENT_NOT_LOCKED: 'page',
  /** The database is older than numbers that were issued: it was restored from a backup. */
  REGISTRY_LAGS: 'page',
  /** The transparency log does not go on from the checkpoint that is kept: it was changed, or restored from a backup. */
  LOG_BROKEN: 'page',
  INTERNAL: 'page',
} as const satisfies Record<string, Reaction>;

export type ErrorCode = keyof typeof reactions;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(reactions, code);
}

export function reactionTo(code: string): Reaction {
  return isErrorCode(code) ? reactions[code] : 'page';
}

/** An error of the catalogue. The message is for people: what happened, to what, and what to do next. */
export class UnitrailError extends Error {
  override readonly name = 'UnitrailError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** Facts for the engineer (both sides of a mismatch, the tool's last lines). Never a secret. */
    readonly detail: Readonly<Record<string, unknown>> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  get reaction(): Reaction {
    return reactions[this.code];
  }
}
