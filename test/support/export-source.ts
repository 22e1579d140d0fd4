import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical';
import type { ExportAbout } from '../../domain/export-about';
import type { ExportLook } from '../../domain/export-settings';
import type { Amendment, ExportSource, ReportedNumber, SealedRecord } from '../../domain/export-source';
import { buildRecord } from '../../domain/record';
import type { RecordV1 } from '../../domain/record-document';
import { shippedFacts } from './unit-facts';

export const sampleRecord: RecordV1 = buildRecord(shippedFacts);

export function sealed(changes: Partial<RecordV1> = {}): SealedRecord {
  const record = { ...sampleRecord, ...changes };
  const body = canonicalJson(record);
  return {
    unitId: '00000000-0000-4000-8000-000000000001',
    issuer: record.issuer,
    serial: record.serial,
    sealedAt: new Date('2026-11-23T08:20:01.250Z'),
    body,
    sha256: createHash('sha256').update(body).digest('hex'),
  };
}

export const sampleAmendment: Amendment = {
  unitId: '00000000-0000-4000-8000-000000000001',
  issuer: 'unitrail',
  serial: 'EUDV2647-000001',
  seq: 21,
  type: 'corrected',
  at: new Date('2026-11-25T10:00:00.500Z'),
  body: canonicalJson({ by: '17', corrects: 20, destination: 'FR', note: '=1+1' }),
};

export const sampleNumber: ReportedNumber = {
  issuer: 'acme',
  kind: 'serial',
  value: '00017',
  fate: 'scrapped',
  at: new Date('2026-11-24T07:00:00.000Z'),
  batch: 'B2647-01',
  reason: 'dropped',
};

export interface TestSource extends ExportSource {
  /** How often the records were read from the start. */
  readonly readings: { records: number };
}

export function sourceOf(
  records: readonly SealedRecord[],
  amendments: readonly Amendment[] = [],
  numbers: readonly ReportedNumber[] = [],
): TestSource {
  const readings = { records: 0 };
  return {
    readings,
    records: () => {
      readings.records++;
      return each(records);
    },
    amendments: () => each(amendments),
    numbers: () => each(numbers),
  };
}

export function aboutOf(units: number, amendments = 0, numbers = 0): ExportAbout {
  return {
    name: 'acme-EX-0007',
    exportId: 'EX-0007',
    buyer: 'acme',
    kind: 'sequence',
    asOf: new Date('2026-11-26T00:00:00.000Z'),
    sequence: 7,
    predecessor: 'EX-0006',
    counts: { units, amendments, numbers },
  };
}

export const plainLook: ExportLook = {
  columns: null,
  formats: ['xlsx', 'csv', 'records'],
  csv: { separator: ',', encoding: 'utf-8' },
  testColumns: false,
};

async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}
