import type { Statement } from './database-proxy';

/** A statement that changes what is remembered of a unit: the type of its event, or the function that it calls. */
export interface DurableStatement {
  readonly what: string;
  /** Null where it is about a batch or a shipment. */
  readonly unitId: string | null;
}

const ofUnit = ['acquire_slot', 'release_slot'];
const ofOthers = [
  ...['open_batch', 'claim_units', 'complete_batch', 'next_carton_number', 'open_shipment', 'slot_cleared'],
];

/** Null for everything that only reads. */
export function durableStatement({ sql, values }: Statement): DurableStatement | null {
  if (sql.includes('append_event(')) return { what: values[1]!, unitId: values[0]!.slice('unit:'.length) };
  if (sql.includes('begin_act(')) return { what: values[1]!, unitId: values[0]! };
  const unitCall = ofUnit.find((name) => sql.includes(`${name}(`));
  if (unitCall) return { what: unitCall, unitId: values[0]! };
  const call = ofOthers.find((name) => sql.includes(`${name}(`));
  if (call) return { what: call, unitId: null };
  return /^commit/i.test(sql) ? { what: 'commit', unitId: null } : null;
}

/** What a unit commits on its way from the claim into its carton, in this order. */
export const statementsOfUnit = [
  'assigned',
  'acquire_slot',
  'flashIntended',
  'boardBound',
  'flashed',
  'testIntended',
  'testPassed',
  'requestIntended',
  'requestRead',
  'certificateIntended',
  'certificateIssued',
  'installIntended',
  'provisioned',
  'labelIntended',
  'printIntended',
  'printed',
  'verifyIntended',
  'labelVerified',
  'qualityIntended',
  'qualityPassed',
  'packed',
] as const;

/** What the office commits for a batch and its shipment; `commit` ships and seals. */
export const statementsOfBatch = [
  'open_batch',
  'claim_units',
  'complete_batch',
  'next_carton_number',
  'open_shipment',
  'commit',
] as const;
