import type { Database } from './database';
import { mapped } from './errors';

/** One shipment as a planner sees it. */
export interface ShipmentSummary {
  readonly shipment: string;
  /** Null: composed by hand. */
  readonly batch: string | null;
  readonly buyer: string;
  readonly destination: string;
  readonly carrier: string | null;
  /** `YYYY-MM-DD` */
  readonly shipOn: string | null;
  readonly state: 'open' | 'closed' | 'cancelled';
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly pallets: number;
  readonly cartons: number;
  readonly units: number;
}

const summaries = `
  select s.id as shipment, s.batch_id as batch, s.buyer, s.destination, s.carrier, s.ship_on::text as "shipOn",
    case when s.cancelled then 'cancelled' when s.closed_at is not null then 'closed' else 'open' end as state,
    s.opened_at as "openedAt", s.closed_at as "closedAt",
    (select count(*)::integer from pallets p where p.shipment_id = s.id) as pallets,
    (select count(*)::integer from cartons c where c.shipment_id = s.id) as cartons,
    (select count(*)::integer from units u where u.shipment_id = s.id) as units
  from shipments s`;

/** The newest first. */
export async function listShipments(
  db: Database,
  filter: { openOnly: boolean; buyer: string | null; limit: number },
): Promise<ShipmentSummary[]> {
  const sql = `${summaries} where (not ? or s.closed_at is null) and (?::text is null or s.buyer = ?)
    order by s.opened_at desc, s.id limit ?`;
  const values = [filter.openOnly, filter.buyer, filter.buyer, filter.limit];
  return (await mapped(db.raw<{ rows: ShipmentSummary[] }>(sql, values as string[]))).rows;
}

export async function findShipmentSummary(db: Database, id: string): Promise<ShipmentSummary | null> {
  const answer = await mapped(db.raw<{ rows: ShipmentSummary[] }>(`${summaries} where s.id = ?`, [id]));
  return answer.rows[0] ?? null;
}

/** Serials by carton, in serial order. */
export async function serialsByCarton(db: Database, shipment: string): Promise<Map<string, string[]>> {
  const rows: { carton: string; serial: string }[] = await mapped(
    db('units').where({ shipment_id: shipment }).orderBy('serial').select('carton', 'serial'),
  );
  const found = new Map<string, string[]>();
  for (const { carton, serial } of rows) {
    const known = found.get(carton);
    if (known) known.push(serial);
    else found.set(carton, [serial]);
  }
  return found;
}
