import type { Snapshot } from './snapshot';

/** What the unit's row says, and what the fold of its events says: the same names, compared one by one. */
export interface UnitRow {
  batch: string;
  index: number;
  issuer: string;
  serial: string;
  product: string;
  recipeSha256: string;
  firmwareVersion: string;
  firmwareSha256: string;
  trial: boolean;
  state: string;
  step: string;
  attempts: number[];
  chipUid: string | null;
  certificateSha256: string | null;
  boardLot: string | null;
  flashedSha256: string | null;
  flashedSeq: number | null;
  testedSeq: number | null;
  provisionedSeq: number | null;
  labelSeq: number | null;
  qcSeq: number | null;
  reworkSeq: number | null;
  prints: number;
  openPrint: number | null;
  labelPrint: number | null;
  failureCode: string | null;
  simulated: boolean;
  carton: string | null;
  shipment: string | null;
  updatedAt: string;
}

export const unitColumns: Readonly<Record<keyof UnitRow, string>> = {
  batch: 'batch_id',
  index: 'batch_index',
  issuer: 'issuer',
  serial: 'serial',
  product: 'product',
  recipeSha256: 'recipe_sha256',
  firmwareVersion: 'firmware_version',
  firmwareSha256: 'firmware_sha256',
  trial: 'trial',
  state: 'state',
  step: 'step',
  attempts: 'attempts',
  chipUid: 'chip_uid',
  certificateSha256: 'certificate_sha256',
  boardLot: 'board_lot',
  flashedSha256: 'flashed_sha256',
  flashedSeq: 'flashed_seq',
  testedSeq: 'tested_seq',
  provisionedSeq: 'provisioned_seq',
  labelSeq: 'label_seq',
  qcSeq: 'qc_seq',
  reworkSeq: 'rework_seq',
  prints: 'prints',
  openPrint: 'open_print',
  labelPrint: 'label_print',
  failureCode: 'failure_code',
  simulated: 'simulated',
  carton: 'carton',
  shipment: 'shipment_id',
  updatedAt: 'updated_at',
};

export interface IdentifierRow {
  readonly issuer: string;
  readonly kind: string;
  readonly value: string;
  readonly block: number | null;
  readonly ordinal: number | null;
  readonly state: string;
}

export interface RecordRow {
  readonly serial: string;
  readonly format: string;
  readonly body: string;
  readonly sha256: string;
}

export interface LogRow {
  readonly format: string;
  readonly seq: number;
  readonly sha256: string;
  readonly saltBytes: number;
}

/** Everything that tables other than the history say of one unit. */
export interface UnitRows {
  readonly unit: UnitRow;
  readonly seq: number;
  readonly head: Buffer;
  /** `position=lot` */
  readonly lots: string[];
  /** `hold id: reason, opened at seq, released at seq` */
  readonly holds: string[];
  /** `part/attempt/try by caller` */
  readonly tries: string[];
  /** Certificates that are void. */
  readonly revocations: string[];
  readonly identifiers: IdentifierRow[];
  readonly records: RecordRow[];
  readonly log: LogRow[];
}

const byUnit = {
  lots: `select unit_id, position || '=' || lot as item from unit_lots where unit_id = any ($1::uuid[])`,
  holds: `select unit_id, concat(hold_id, ': ', reason, ', opened at ', opened_seq, ', released at ', coalesce(released_seq::text, 'no time')) as item
    from holds where unit_id = any ($1::uuid[])`,
  tries: `select unit_id, concat(part, '/', attempt, '/', try, ' by ', caller) as item from tries where unit_id = any ($1::uuid[])`,
  revocations: `select unit_id, certificate_sha256 as item from revocations where unit_id = any ($1::uuid[])`,
  identifiers: `select unit_id, issuer, kind, value, block_id as block, ordinal, state from identifiers where unit_id = any ($1::uuid[])`,
  records: `select unit_id, serial, format, body, sha256 from records where unit_id = any ($1::uuid[])`,
  log: `select substr(stream, 6) as unit_id, format, seq, sha256, length(salt) as "saltBytes" from log_queue
    where stream = any (array(select 'unit:' || id from unnest($1::uuid[]) as id))`,
} as const;

/** The rows of these units by unit id. A unit that has no row is not in the map. */
export async function loadUnitRows(
  snapshot: Snapshot,
  unitIds: readonly string[],
): Promise<Map<string, UnitRows>> {
  const selected = Object.entries(unitColumns).map(([name, column]) => `${column} as "${name}"`);
  const units = await snapshot.rows<UnitRow & { id: string; seq: number; head: Buffer }>(
    `select id, seq, head, ${selected.join(', ')} from units where id = any ($1::uuid[])`,
    [unitIds],
  );
  const found = new Map<string, UnitRows>();
  for (const { id, seq, head, ...unit } of units) {
    const items = { lots: [], holds: [], tries: [], revocations: [] };
    found.set(id, { unit, seq, head, ...items, identifiers: [], records: [], log: [] });
  }
  for (const name of ['lots', 'holds', 'tries', 'revocations'] as const) {
    for (const row of await snapshot.rows<{ unit_id: string; item: string }>(byUnit[name], [unitIds])) {
      found.get(row.unit_id)?.[name].push(row.item);
    }
  }
  for (const name of ['identifiers', 'records', 'log'] as const) {
    for (const { unit_id: unitId, ...row } of await snapshot.rows<{ unit_id: string }>(byUnit[name], [
      unitIds,
    ])) {
      (found.get(unitId)?.[name] as unknown[] | undefined)?.push(row);
    }
  }
  return found;
}
