import type { Knex } from 'knex';
import { shownState, type ComponentLots, type UnitRow } from '../../domain/unit-row';
import { steps, type Step, type UnitState } from '../../domain/unit-lifecycle';
import type { Database } from './database';

/** What one unit looks like in `selectUnits`, before it is a `UnitRow`. */
interface SelectedUnit {
  readonly unitId: string;
  readonly issuer: string;
  readonly serial: string;
  readonly product: string;
  readonly batch: string;
  readonly batchIndex: number;
  readonly order: string;
  readonly state: UnitState;
  readonly onHold: boolean;
  readonly step: Step;
  readonly attempts: readonly number[];
  readonly firmware: string;
  readonly flashedSha256: string | null;
  readonly macs: readonly string[];
  readonly chipUid: string | null;
  readonly certificateSha256: string | null;
  readonly boardBatch: string | null;
  readonly boardLot: string | null;
  readonly lots: readonly { position: string; lot: string }[] | null;
  readonly buyer: string | null;
  readonly destination: string | null;
  readonly shipment: string | null;
  readonly carton: string | null;
  readonly shippedAt: Date | null;
  readonly failureCode: string | null;
  readonly simulated: boolean;
  readonly trial: boolean;
  readonly updatedAt: Date;
  readonly reportedFirmware: string | null;
  readonly reportedSha256: string | null;
  readonly reportedAt: Date | null;
  readonly reportedBy: string | null;
}

/** Buyer and destination are the shipment's where there is one: its values win over the order's. */
export const buyerOfUnit = 'case when u.shipment_id is null then b.buyer else s.buyer end';
export const destinationOfUnit = 'case when u.shipment_id is null then b.destination else s.destination end';
export const openHold = 'exists (select from holds h where h.unit_id = u.id and h.released_seq is null)';

/** Its event may be in the archive by now: then the time at which its shipment was closed, in the same transaction. */
export const shippedAt = `coalesce(e.at, case when u.state = 'Shipped' then s.closed_at end)`;

const columns = `
  u.id as "unitId", u.issuer, u.serial, u.product, u.batch_id as batch, u.batch_index as "batchIndex",
  b.order_id as "order", u.state, ${openHold} as "onHold", u.step, u.attempts,
  u.firmware_version as firmware, u.flashed_sha256 as "flashedSha256",
  array(select i.value from identifiers i where i.unit_id = u.id and i.kind = 'mac' order by i.ordinal) as macs,
  u.chip_uid as "chipUid", u.certificate_sha256 as "certificateSha256",
  case when u.board_lot is not null then b.board_batch end as "boardBatch", u.board_lot as "boardLot",
  (select jsonb_agg(jsonb_build_object('position', l.position, 'lot', l.lot) order by l.position collate "C", l.lot collate "C")
   from unit_lots l where l.unit_id = u.id) as lots,
  ${buyerOfUnit} as buyer, ${destinationOfUnit} as destination, u.shipment_id as shipment, u.carton,
  ${shippedAt} as "shippedAt", u.failure_code as "failureCode", u.simulated, u.trial, u.updated_at as "updatedAt",
  f.version as "reportedFirmware", f.firmware_sha256 as "reportedSha256", f.reported_at as "reportedAt", f.source as "reportedBy"`;

/** Of two at one time the one that came later. */
const newestReport = `left join lateral (
  select r.version, r.firmware_sha256, r.reported_at, r.source from field_reports r where r.unit_id = u.id
  order by r.reported_at desc, r.import_id desc, r.position desc limit 1) f on true`;

/** Units with their batch (`b`), shipment (`s`), `shipped` event (`e`) and newest report (`f`); the caller narrows and orders them. */
export function selectUnits(db: Database): Knex.QueryBuilder<SelectedUnit, SelectedUnit[]> {
  return db('units as u')
    .select(db.raw(columns))
    .join('batches as b', 'b.id', 'u.batch_id')
    .leftJoin('shipments as s', 's.id', 'u.shipment_id')
    .joinRaw(
      `left join unit_events e on u.state = 'Shipped' and e.stream = 'unit:' || u.id::text and e.key = u.id::text || '/shipped'
       ${newestReport}`,
    ) as unknown as Knex.QueryBuilder<SelectedUnit, SelectedUnit[]>;
}

export function toUnitRow({ onHold, attempts, lots, ...row }: SelectedUnit): UnitRow {
  return {
    ...row,
    state: shownState(row.state, onHold),
    stateBeneath: row.state,
    attempt: attempts[steps.indexOf(row.step)] ?? 0,
    components: byPosition(lots ?? []),
  };
}

function byPosition(lots: readonly { position: string; lot: string }[]): ComponentLots[] {
  const positions = new Map<string, string[]>();
  for (const { position, lot } of lots) positions.set(position, [...(positions.get(position) ?? []), lot]);
  return [...positions].map(([position, names]) => ({ position, lots: names }));
}
