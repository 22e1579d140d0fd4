import { canonicalText, isMap, type Facts } from './documents';
import type { ParquetRow } from './parquet-file';

type Expected = string | number | boolean | null | readonly string[] | Date | Json;

/** A column of JSON as text: what counts is the value, whichever way a control character is spelled. */
interface Json {
  readonly canonical: string;
}

/** What each column of the table has to say, by the sealed record beside it: written apart from what writes it. */
export function expectedRow(record: Facts): Record<string, Expected> {
  const inner = (name: string): Facts => (isMap(record[name]) ? record[name] : {});
  const [firmware, provisioning, test, qc] = ['firmware', 'provisioning', 'test', 'qc'].map(inner);
  const shipment = inner('shipment');
  return {
    ...texts(record, {
      serial: 'serial',
      issuer: 'issuer',
      product: 'product',
      gtin: 'gtin',
      chip_uid: 'chipUid',
      batch: 'batch',
      board_batch: 'boardBatch',
      board_lot: 'boardLot',
      purchase_order: 'order',
      buyer_part: 'buyerPart',
      origin: 'origin',
    }),
    macs: listOf(record.macs),
    component_lots: (Array.isArray(record.components) ? record.components : []).flatMap((one) =>
      isMap(one) ? listOf(one.lots) : [],
    ),
    ...documents(record, { components: 'components', attributes: 'attributes', labels: 'labels' }),
    ...documents(test!, { test_results: 'results' }),
    simulated: record.simulated === undefined ? null : (record.simulated as boolean),
    ...texts(firmware!, { firmware_version: 'version', firmware_sha256: 'sha256' }),
    ...texts(provisioning!, { certificate_sha256: 'certificateSha256', certificate_issuer: 'issuer' }),
    ...instants(provisioning!, { provisioned_at: 'at', chain_not_after: 'chainNotAfter' }),
    ...texts(test!, {
      test_plan: 'plan',
      test_plan_sha256: 'planSha256',
      test_verdict: 'verdict',
      test_station: 'station',
    }),
    test_attempt: (test!.attempt as number | undefined) ?? null,
    ...instants(test!, { tested_at: 'at' }),
    ...instants(qc!, { qc_at: 'at' }),
    ...texts(qc!, { qc_by: 'by' }),
    ...texts(shipment, { shipment: 'id', carton: 'carton', buyer: 'buyer', destination: 'destination' }),
    ...instants(shipment, { shipped_at: 'at' }),
    ...texts(inner('history'), { history_head: 'head' }),
  };
}

/** The first column that says something else, or one that is not there; null where all agree. */
export function differenceOf(row: ParquetRow, expected: Readonly<Record<string, Expected>>): string | null {
  for (const [name, value] of Object.entries(expected)) {
    const found = row[name];
    if (isSame(found, value)) continue;
    return `column ${name} says ${told(found)}, and the record ${told(value)}`;
  }
  return null;
}

function isSame(found: unknown, expected: Expected): boolean {
  if (expected instanceof Date) return found instanceof Date && found.getTime() === expected.getTime();
  if (isMap(expected)) return typeof found === 'string' && canonicalOf(found) === expected.canonical;
  if (Array.isArray(expected))
    return (
      Array.isArray(found) &&
      found.length === expected.length &&
      expected.every((one, at) => found[at] === one)
    );
  return expected === null ? (found ?? null) === null : found === expected;
}

/** Null where it is no JSON. */
function canonicalOf(text: string): string | null {
  try {
    return canonicalText(JSON.parse(text));
  } catch {
    return null;
  }
}

function told(value: unknown): string {
  return JSON.stringify(value ?? null, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one));
}

type Names = Readonly<Record<string, string>>;

function texts(of: Facts, names: Names): Record<string, string | null> {
  return mapped(names, (name) => (typeof of[name] === 'string' ? of[name] : null));
}

function documents(of: Facts, names: Names): Record<string, Json | null> {
  return mapped(names, (name) => (of[name] === undefined ? null : { canonical: canonicalText(of[name]) }));
}

function instants(of: Facts, names: Names): Record<string, Date | null> {
  return mapped(names, (name) => (typeof of[name] === 'string' ? new Date(of[name]) : null));
}

function mapped<Value>(names: Names, value: (name: string) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(names).map(([column, name]) => [column, value(name)]));
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
