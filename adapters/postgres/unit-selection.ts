import type { Knex } from 'knex';
import { selectedState, type ResolveRequest, type SelectedGroup } from '../../domain/resolution';
import { endStates } from '../../domain/unit-lifecycle';
import type { Database } from './database';
import { mapped } from './errors';
import { namedUnits } from './named-units';
import { openHold } from './unit-rows';

const PAGE_UNITS = 1_000;

/** One reading of it all: a unit that moves meanwhile is selected or named in vain, never neither. */
export async function inOneReading<T>(db: Database, read: (db: Database) => Promise<T>): Promise<T> {
  return mapped(db.transaction(read, { isolationLevel: 'repeatable read', readOnly: true }));
}

/** The units that the request selects now, by serial, page by page: memory and statements stay small. */
export async function* selectUnits(db: Database, request: ResolveRequest): AsyncGenerator<string[]> {
  const named = await namedUnits(db, request.serials);
  let last: { issuer: string; serial: string } | undefined;
  for (;;) {
    const query = selection(db, request, named)
      .orderBy(['u.serial', 'u.issuer'])
      .limit(PAGE_UNITS)
      .select('u.id', 'u.serial', 'u.issuer');
    if (last) void query.whereRaw('(u.serial, u.issuer) > (?, ?)', [last.serial, last.issuer]);
    const page: { id: string; serial: string; issuer: string }[] = await mapped(query);
    if (page.length > 0) yield page.map(({ id }) => id);
    if (page.length < PAGE_UNITS) return;
    last = page.at(-1);
  }
}

/** How many units the request selects, and how they stand; the largest groups first. */
export async function countSelected(
  db: Database,
  request: ResolveRequest,
): Promise<{ selected: number; groups: SelectedGroup[] }> {
  const named = await namedUnits(db, request.serials);
  const groups: SelectedGroup[] = await mapped(
    selection(db, request, named)
      .groupBy('u.batch_id', 'u.state', 'u.step', 'u.failure_code')
      .select(
        'u.batch_id as batch',
        'u.state',
        'u.step',
        'u.failure_code as failureCode',
        db.raw('count(*)::integer as units'),
      )
      .orderByRaw('5 desc, 1, 2, 3, 4'),
  );
  return { selected: groups.reduce((sum, { units }) => sum + units, 0), groups };
}

/** The products of the units that the request selects. */
export async function selectedProducts(db: Database, request: ResolveRequest): Promise<string[]> {
  const named = await namedUnits(db, request.serials);
  return mapped(selection(db, request, named).distinct('u.product').orderBy('u.product').pluck('u.product'));
}

export interface NamedInVain {
  readonly unitId: string;
  readonly serial: string;
  readonly state: string;
  readonly step: string;
}

/**
 * Of the serials that the request names, those of units that it does not select, each with how it stands.
 * @throws UnitrailError INPUT_INVALID where a serial is no unit's, or that of several.
 */
export async function namedInVain(db: Database, request: ResolveRequest): Promise<NamedInVain[]> {
  const named = await namedUnits(db, request.serials);
  if (named === null) return [];
  return mapped(
    db('units as u')
      .whereIn('u.id', named)
      .whereNotIn('u.id', selection(db, request, named).select('u.id'))
      .orderBy(['u.serial', 'u.issuer'])
      .select('u.id as unitId', 'u.serial', 'u.state', 'u.step'),
  );
}

function selection(
  db: Database,
  request: ResolveRequest,
  named: readonly string[] | null,
): Knex.QueryBuilder {
  const query = db('units as u').whereNotIn('u.state', endStates);
  const state = selectedState(request);
  if (state) void query.where('u.state', state);
  if (named) void query.whereRaw('u.id = any (?::uuid[])', [[...named]]);
  const equal = {
    'u.step': request.step,
    'u.batch_id': request.batch,
    'u.product': request.product,
    'u.firmware_version': request.firmware,
    'u.failure_code': request.failureCode,
    'u.board_lot': request.boardLot,
    'u.carton': request.carton,
  };
  for (const [column, value] of Object.entries(equal))
    if (value !== undefined) void query.where(column, value);
  if (request.order !== undefined) void query.whereRaw(ofOrder, [request.order]);
  if (request.componentLot !== undefined) void query.whereRaw(holdsLot, [request.componentLot]);
  if (request.from !== undefined) void query.where('u.updated_at', '>=', request.from);
  if (request.to !== undefined) void query.where('u.updated_at', '<', request.to);
  if (request.action === 'release') void query.whereRaw(hasHold, [request.hold ?? '']);
  if (request.station !== undefined) void query.whereRaw(lastWorkedOnAt, [request.station]);
  return query;
}

const ofOrder = 'u.batch_id in (select b.id from batches b where b.order_id = ?)';
const holdsLot = 'u.id in (select l.unit_id from unit_lots l where l.lot = ?)';
const hasHold = openHold.replace('h.released_seq is null', 'h.released_seq is null and h.hold_id = ?');
/** The lease is over where a unit is held: its history knows the place. */
const lastWorkedOnAt = `(select e.body::jsonb #>> '{place,station}' from unit_events e
  where e.stream = 'unit:' || u.id and e.body::jsonb -> 'place' is not null order by e.seq desc limit 1) = ?`;
