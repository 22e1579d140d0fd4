import type { GrantFacts } from '../../domain/grant-facts';
import type { KeyedHash } from '../../domain/permutation';
import type { AuditKeys } from './keys';
import type { Snapshot } from './snapshot';

/** A block of numbers, with the space that it was cut from. */
export interface BlockRow {
  readonly id: number;
  readonly space: number;
  readonly spaceName: string;
  readonly kind: string;
  readonly issuer: string;
  /** Null of a block that was leased to another site, or handed back to it. */
  readonly batch: string | null;
  readonly lease: string | null;
  readonly leaseSide: 'lessor' | 'lessee' | null;
  /** Numbers that came back of that lease. */
  readonly unused: number;
  readonly first: number;
  /** The first number that is no more of the block. */
  readonly end: number;
  readonly pattern: string;
  readonly dateParts: string;
  readonly nextNumber: number;
  /** Addresses of one unit stand in a row: a block begins at a multiple of so many. */
  readonly runLength: number;
  /** Of a block of a buyer's list: what stands at those of its numbers that the histories at hand name. */
  readonly listed: Map<number, string> | null;
  /** Null where the dates can't be read. */
  readonly facts: GrantFacts | null;
  /** Of a hidden sequence: what its numbers are computed by; null where the key is not here. */
  readonly hash: KeyedHash | null;
}

export interface BatchRow {
  readonly id: string;
  readonly order: string;
  readonly product: string;
  readonly quantity: number;
  readonly buyer: string | null;
  readonly destination: string | null;
  readonly trial: boolean;
  readonly sha256: string;
  readonly recipeSha256: string;
  readonly firmwareVersion: string;
  readonly boardBatch: string;
  readonly boardLot: string;
  readonly completedAt: string | null;
}

export interface OrderRow {
  readonly id: string;
  readonly quantity: number;
  readonly alive: number;
}

export interface ShipmentRow {
  readonly id: string;
  readonly batch: string | null;
  readonly buyer: string;
  readonly destination: string;
  /** Of a shipment that was opened with the one carton that it has. */
  readonly carton: string | null;
  readonly carrier: string | null;
  /** `YYYY-MM-DD` */
  readonly shipOn: string | null;
  readonly closed: boolean;
  readonly cancelled: boolean;
  readonly testBuyer: boolean;
}

/** A carton, or a pallet: then the capacity is in cartons, and it stands on nothing. */
export interface BoxRow {
  readonly id: string;
  readonly shipment: string;
  readonly pallet: string | null;
  readonly capacity: number | null;
}

export interface StationRow {
  readonly id: string;
  readonly login: string;
  readonly virtual: boolean;
}

/** What events and records take from a recipe. */
export interface RecipeFacts {
  readonly id: string;
  readonly firmwareSha256: string | null;
  readonly gtin: string | null;
  readonly place: string | null;
  readonly symbology: string | null;
  readonly material: string | null;
}

/** The tables that stay small whatever the plant makes: a row a batch, not a row a unit. */
export interface Plant {
  readonly blocks: ReadonlyMap<number, BlockRow>;
  readonly batches: ReadonlyMap<string, BatchRow>;
  readonly orders: ReadonlyMap<string, OrderRow>;
  readonly shipments: ReadonlyMap<string, ShipmentRow>;
  /** By SSCC. */
  readonly cartons: ReadonlyMap<string, BoxRow>;
  readonly pallets: ReadonlyMap<string, BoxRow>;
  readonly stations: ReadonlyMap<string, StationRow>;
  /** By digest. */
  readonly recipes: ReadonlyMap<string, RecipeFacts>;
  /** Login → the groups that it is a member of. A login that is gone is not in the map. */
  readonly logins: ReadonlyMap<string, ReadonlySet<string>>;
  readonly operatorNames: readonly string[];
}

export function blockName({ id, spaceName, batch, lease }: BlockRow): string {
  return `block ${id} (${spaceName}, ${lease === null ? `batch ${batch}` : `lease ${lease}`})`;
}

export async function loadPlant(snapshot: Snapshot, keys: AuditKeys): Promise<Plant> {
  return {
    blocks: await loadBlocks(snapshot, keys),
    batches: byId(await snapshot.rows<BatchRow>(queries.batches)),
    orders: byId(await snapshot.rows<OrderRow>(queries.orders)),
    shipments: byId(await snapshot.rows<ShipmentRow>(queries.shipments)),
    cartons: byId(await snapshot.rows<BoxRow>(queries.cartons)),
    pallets: byId(await snapshot.rows<BoxRow>(queries.pallets)),
    stations: byId(await snapshot.rows<StationRow>(queries.stations)),
    recipes: byId(await snapshot.rows<RecipeFacts>(queries.recipes)),
    logins: await loadLogins(snapshot),
    operatorNames: (await snapshot.rows<{ name: string }>(queries.names)).map((row) => row.name),
  };
}

async function loadBlocks(snapshot: Snapshot, keys: AuditKeys): Promise<Map<number, BlockRow>> {
  const blocks = await snapshot.rows<Omit<BlockRow, 'facts' | 'hash' | 'listed'> & { isListed: boolean }>(
    queries.blocks,
  );
  return byId(
    blocks.map(({ isListed, ...block }) => {
      const facts = readFacts(block.dateParts);
      const hash = facts?.hidden ? keys.of(facts.hidden) : null;
      return { ...block, facts, hash, listed: isListed ? new Map<number, string>() : null };
    }),
  );
}

function readFacts(text: string): GrantFacts | null {
  try {
    return JSON.parse(text) as GrantFacts;
  } catch {
    return null;
  }
}

const queries = {
  blocks: `select b.id, b.space_id as space, concat_ws(' ', s.name, nullif(s.scope, '')) as "spaceName", s.kind, s.issuer,
      b.batch_id as batch, b.lease_id as lease, l.side as "leaseSide", coalesce(upper(r.unused) - lower(r.unused), 0) as unused,
      lower(b.numbers) as first, upper(b.numbers) as end, b.pattern, b.date_parts as "dateParts", s.next_number as "nextNumber",
      b.run_length as "runLength", exists (select from number_lists n where n.space_id = b.space_id) as "isListed"
    from blocks b join number_spaces s on s.id = b.space_id left join number_leases l on l.id = b.lease_id
      left join lease_returns r on r.lease_id = b.lease_id order by b.id`,
  batches: `select id, order_id as "order", product, quantity, buyer, destination, trial, sha256, recipe_sha256 as "recipeSha256",
      firmware_version as "firmwareVersion", board_batch as "boardBatch", board_lot as "boardLot",
      completed_at as "completedAt"
    from batches`,
  orders: `select id, quantity, alive from orders`,
  shipments: `select s.id, s.batch_id as batch, s.buyer, s.destination, s.carton, s.carrier, s.ship_on::text as "shipOn",
      s.closed_at is not null as closed, s.cancelled, b.test as "testBuyer"
    from shipments s left join buyers b on b.id = s.buyer`,
  cartons: `select sscc as id, shipment_id as shipment, pallet, capacity from cartons`,
  pallets: `select sscc as id, shipment_id as shipment, null as pallet, capacity from pallets`,
  stations: `select id, login, virtual from stations`,
  recipes: `select sha256 as id, r #>> '{firmware,sha256}' as "firmwareSha256", r #>> '{product,gtin}' as gtin, r #>> '{labelTemplate,place}' as place,
      r #>> '{labelTemplate,symbology}' as symbology, r #>> '{labelTemplate,material}' as material
    from recipes, lateral (select body::jsonb as r) parsed`,
  names: `select name from operators where name is not null and name <> ''`,
  // A membership that carries neither the group's rights nor the right to become it (what the maker of a role has
  // by itself from Postgres 16 on) does not make a login a member. Postgres 15 lacks both columns.
  logins: `with recursive grants as (
      select m.member, m.roleid from pg_auth_members m
      where coalesce((to_jsonb(m) ->> 'inherit_option')::boolean or (to_jsonb(m) ->> 'set_option')::boolean, true)),
    reach as (
      select member, roleid from grants
      union select reach.member, grants.roleid from reach join grants on grants.member = reach.roleid)
    select login.rolname as login, array_remove(array_agg(distinct grp.rolname::text), null) as groups
    from pg_roles login left join reach on reach.member = login.oid left join pg_roles grp on grp.oid = reach.roleid
    group by login.rolname`,
} as const;

async function loadLogins(snapshot: Snapshot): Promise<Map<string, ReadonlySet<string>>> {
  const rows = await snapshot.rows<{ login: string; groups: string[] }>(queries.logins);
  return new Map(rows.map((row) => [row.login, new Set(row.groups)]));
}

function byId<Id, Row extends { readonly id: Id }>(rows: readonly Row[]): Map<Id, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}
