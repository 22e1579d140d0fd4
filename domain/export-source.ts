/** A sealed record as it was stored: its bytes are delivered as they are. */
export interface SealedRecord {
  readonly unitId: string;
  readonly issuer: string;
  readonly serial: string;
  readonly sealedAt: Date;
  /** RFC 8785. */
  readonly body: string;
  readonly sha256: string;
}

/** What was said about a unit after its record was sealed: a correction or a return. */
export interface Amendment {
  readonly unitId: string;
  readonly issuer: string;
  readonly serial: string;
  readonly seq: number;
  readonly type: string;
  readonly at: Date;
  /** RFC 8785, as the event has it. */
  readonly body: string;
}

export const numberFates = ['scrapped', 'void', 'missing', 'unused'] as const;
export type NumberFate = (typeof numberFates)[number];

/** The last word about a number that came to no shipped unit. */
export interface ReportedNumber {
  readonly issuer: string;
  readonly kind: string;
  readonly value: string;
  readonly fate: NumberFate;
  readonly at: Date | null;
  readonly batch: string | null;
  /** A reason code or a short text. */
  readonly reason: string | null;
}

/**
 * What one export tells. Each call reads anew from the start and gives the same rows in the same order: records and
 * amendments by issuer, serial and seq, numbers by issuer, kind and value. Nothing is held in memory.
 */
export interface ExportSource {
  records(): AsyncIterable<SealedRecord>;
  amendments(): AsyncIterable<Amendment>;
  numbers(): AsyncIterable<ReportedNumber>;
}

/** Where the log has what is told in one line of an export. */
export interface ToldStatement {
  /** The serial of the amended unit, or the number. */
  readonly value: string;
  /** The event; null where the log has no statement of it. */
  readonly place: { readonly stream: string; readonly seq: number } | null;
  /** Of a number; null of an amendment. */
  readonly fate: NumberFate | null;
  /** As `StatementProof` has it. */
  readonly since: readonly string[] | null;
  /** The hash, in hex digits, that the unit's record was sealed with: where `since` begins. Null where the record is not here. */
  readonly sealedHead: string | null;
  /** The unit's record and history have moved into the archive. */
  readonly hasMoved: boolean;
}

/** What an export tells, and where the log has it: row for row in the order of amendments and numbers. */
export interface ProvenSource extends ExportSource {
  statements(kind: 'amendments' | 'numbers'): AsyncIterable<ToldStatement>;
}
