import type { CellValue, ColumnKind } from './columns';
import type { ExportColumn, ShippedUnit } from './export-fields';
import type { Amendment, ReportedNumber, SealedRecord } from './export-source';
import { UnitrailError } from './errors';
import { RECORD_FORMAT, type RecordV1 } from './record-document';
import type { TestResult } from './judge-test';
import { summariseEvent } from './event-summary';

export const AMENDMENT_FORMAT = 'unitrail.amendment/1';
export const NUMBER_FORMAT = 'unitrail.number/1';

/** One measurement of one unit. */
export interface TestRow extends TestResult {
  readonly issuer: string;
  readonly serial: string;
}

/** One lot at one position of one unit. */
export interface ComponentRow {
  readonly issuer: string;
  readonly serial: string;
  readonly position: string;
  readonly lot: string;
}

const whose = 'Whose serial number it is';

export const testColumns: readonly ExportColumn<TestRow>[] = [
  column('issuer', 'Issuer', 'text', whose, (row) => row.issuer),
  column('serial', 'Serial', 'text', 'The unit that was measured', (row) => row.serial),
  column('measurement', 'Measurement', 'text', 'Its name in the test plan', (row) => row.name),
  column('value', 'Value', 'number', 'What was measured', (row) => row.value),
  column('unit', 'Unit', 'text', 'Of value and limits', (row) => row.unit),
  column('low', 'Low', 'number', 'The least that passes', (row) => row.low),
  column('high', 'High', 'number', 'The most that passes', (row) => row.high),
  column('verdict', 'Verdict', 'text', 'PASS; FAIL: the device; ERROR: the station', (row) => row.verdict),
];

export const componentColumns: readonly ExportColumn<ComponentRow>[] = [
  column('issuer', 'Issuer', 'text', whose, (row) => row.issuer),
  column('serial', 'Serial', 'text', 'The unit that it is in', (row) => row.serial),
  column('position', 'Position', 'text', 'On the board', (row) => row.position),
  column('lot', 'Lot', 'text', 'A lot in force when the board was placed', (row) => row.lot),
];

export const amendmentColumns: readonly ExportColumn<Amendment>[] = [
  column('issuer', 'Issuer', 'text', whose, (row) => row.issuer),
  column('serial', 'Serial', 'text', 'The unit that it is about', (row) => row.serial),
  column('seq', 'Event', 'number', "Its place in the unit's history", (row) => row.seq),
  column('type', 'Type', 'text', 'What kind of event it is', (row) => row.type),
  column('at', 'At (UTC)', 'date', 'When it was recorded', (row) => row.at),
  column('summary', 'Summary', 'text', 'The same in words', ({ type, body }) =>
    summariseEvent(type, JSON.parse(body) as Record<string, unknown>),
  ),
  column('body', 'Content', 'text', 'All that the event says, in JSON', (row) => row.body),
  column('unitId', 'Unit id', 'text', "The manufacturer's identifier of the unit", (row) => row.unitId),
];

export const numberColumns: readonly ExportColumn<ReportedNumber>[] = [
  column('issuer', 'Issuer', 'text', 'Whose number it is', (row) => row.issuer),
  column('kind', 'Kind', 'text', 'Serial number, MAC address, …', (row) => row.kind),
  column('value', 'Number', 'text', 'The number', (row) => row.value),
  column('fate', 'Fate', 'text', 'scrapped, void, missing or unused: it is on no unit', (row) => row.fate),
  column('at', 'At (UTC)', 'date', 'Since when', (row) => row.at),
  column('batch', 'Batch', 'text', 'Batch that it was granted to', (row) => row.batch),
  column('reason', 'Reason', 'text', 'Why', (row) => row.reason),
];

/** @throws UnitrailError INTERNAL for a record of another format than this program knows. */
export function readShipped(sealed: SealedRecord): ShippedUnit {
  const record = JSON.parse(sealed.body) as RecordV1;
  if (record.format === RECORD_FORMAT) return { sealed, record };
  const told = JSON.stringify(record.format);
  throw new UnitrailError(
    'INTERNAL',
    `The record of unit ${sealed.serial} is of format ${told}: an export knows ${RECORD_FORMAT} only.`,
    { unitId: sealed.unitId },
  );
}

export async function* shippedUnits(records: AsyncIterable<SealedRecord>): AsyncGenerator<ShippedUnit> {
  for await (const sealed of records) yield readShipped(sealed);
}

export async function* testRows(records: AsyncIterable<SealedRecord>): AsyncGenerator<TestRow> {
  for await (const { record } of shippedUnits(records))
    for (const result of record.test?.results ?? [])
      yield { ...result, issuer: record.issuer, serial: record.serial };
}

export async function* componentRows(records: AsyncIterable<SealedRecord>): AsyncGenerator<ComponentRow> {
  for await (const { record } of shippedUnits(records))
    for (const { position, lots } of record.components ?? [])
      for (const lot of lots) yield { issuer: record.issuer, serial: record.serial, position, lot };
}

function column<Row>(
  name: string,
  heading: string,
  kind: ColumnKind,
  meaning: string,
  value: (row: Row) => CellValue,
): ExportColumn<Row> {
  return { name, heading, kind, meaning, value };
}
