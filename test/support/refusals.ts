/** What somebody with one login and nothing but SQL can try, and what becomes of it. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '../../domain/canonical';
import { eventKinds, type EventKind } from '../../tools/audit/lifecycle-tables';
import { createTestDatabase, withSuperuser, type TestDatabase, type TestLogin } from './database';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor, type TestBatch } from './shop-floor';
import { append, type UnitName } from './unit-acts';
import { walkUnit, type Stage, type WalkedUnit } from './walk-unit';

const POLL_MS = 20;

/** The SQLSTATE of the refusal, or `allowed`: a test that expects a refusal fails where there is none. */
export async function sqlStateOf(attempt: PromiseLike<unknown>): Promise<string> {
  return attempt.then(
    () => 'allowed',
    (error: { code?: string; message?: string }) => error.code ?? `no SQLSTATE: ${error.message}`,
  );
}

/** The SQLSTATE of the refusal, once it is sure that it left the unit as it was. */
export async function refusalOf(
  floor: ShopFloor,
  unit: UnitName,
  attempt: () => PromiseLike<unknown>,
): Promise<string> {
  const before = await traceOf(floor, unit);
  const sqlState = await sqlStateOf(attempt());
  if (sqlState !== 'allowed') expect(await traceOf(floor, unit)).toEqual(before);
  return sqlState;
}

/** Everything that the database holds of the unit. */
async function traceOf(floor: ShopFloor, { unitId }: UnitName): Promise<unknown> {
  const answer = await floor.as('office').raw<{ rows: unknown[] }>(
    `select to_jsonb(u) as unit,
       (select jsonb_agg(e.hash order by e.seq) from unit_events e where e.stream = 'unit:' || u.id) as events,
       (select jsonb_agg(i order by i.kind, i.value) from identifiers i where i.unit_id = u.id) as identifiers,
       (select jsonb_agg(t order by t.part, t.attempt, t.try) from tries t where t.unit_id = u.id) as tries,
       (select jsonb_agg(s) from slots s where s.unit_id = u.id) as slots,
       (select jsonb_agg(h order by h.hold_id) from holds h where h.unit_id = u.id) as holds,
       (select jsonb_agg(m order by m.id) from movements m where m.stream = 'unit:' || u.id) as movements
     from units u where u.id = ?`,
    [unitId],
  );
  return answer.rows[0];
}

export interface Place {
  readonly station: string;
  readonly slot: number;
  readonly fence: number;
  readonly virtual: boolean;
}

/** What an honest result of the unit's newest try says of itself. */
export interface TryFacts {
  readonly attempt: number;
  readonly try: number;
  readonly place: Place;
}

export async function newestTry(floor: ShopFloor, unit: UnitName, part: string): Promise<TryFacts> {
  const answer = await floor
    .as('office')
    .raw<{ rows: { attempt: number; try: number }[] }>(
      'select attempt, try from tries where unit_id = ? and part = ? order by attempt desc, try desc limit 1',
      [unit.unitId, part],
    );
  return { ...answer.rows[0]!, place: await placeOf(floor, unit) };
}

/** The slot that the unit holds. */
export async function placeOf(floor: ShopFloor, { unitId }: UnitName): Promise<Place> {
  const answer = await floor
    .as('office')
    .raw<{ rows: (Omit<Place, 'fence'> & { fence: string })[] }>(
      `select s.station, s.slot, s.fence, t.virtual from slots s join stations t on t.id = s.station where s.unit_id = ?`,
      [unitId],
    );
  const place = answer.rows[0]!;
  return { ...place, fence: Number(place.fence) };
}

/** A line with a batch of units to try things on. */
export interface RefusalScene {
  readonly database: TestDatabase;
  readonly floor: ShopFloor;
  readonly batch: TestBatch;
  /** The next unit of the batch, with this stage done. */
  unitAfter(upTo: Stage): Promise<WalkedUnit>;
  /** The SQLSTATE of an event by plain SQL, with whatever body and key. */
  tell(login: TestLogin, unit: UnitName, type: string, key: string, body: object): Promise<string>;
  /** The SQLSTATE of an intent by plain SQL. */
  begin(login: TestLogin, unit: UnitName, intent: string, act?: ActTold): Promise<string>;
  close(): Promise<void>;
}

export interface ActTold {
  readonly place?: Omit<Place, 'fence'>;
  readonly caller?: string;
  /** Without one, the body says what the arguments say. */
  readonly body?: object;
}

export async function openRefusalScene(): Promise<RefusalScene> {
  const database = await createTestDatabase();
  const floor = openShopFloor(database);
  await applySmallPlant(floor, { slots: 100 });
  const batch = await openTestBatch(floor, { quantity: 200 });
  let index = 0;
  return {
    database,
    floor,
    batch,
    unitAfter: (upTo) => walkUnit(floor, { upTo, batch, index: (index += 1) }),
    tell: (login, unit, type, key, body) =>
      refusalOf(floor, unit, () => append(floor, login, unit.unitId, type, key, body)),
    begin: (login, unit, intent, act) =>
      refusalOf(floor, unit, () => beginBySql(floor, login, unit, intent, act)),
    close: () => floor.close().then(() => database.drop()),
  };
}

export async function beginBySql(
  floor: ShopFloor,
  login: TestLogin,
  { unitId }: UnitName,
  intent: string,
  { place, caller = `run/${randomUUID()}`, body = { caller, ...(place && { place }) } }: ActTold = {},
): Promise<{ done: boolean; try: number; fence: string }> {
  const sql = 'select done, try, fence from begin_act(?, ?, ?, ?, ?, ?)';
  const at = [place?.station ?? null, place?.slot ?? null] as const;
  const values = [unitId, intent, caller, ...at, canonicalJson(body)] as string[];
  const answer = await floor
    .as(login)
    .raw<{ rows: { done: boolean; try: number; fence: string }[] }>(sql, values);
  return answer.rows[0]!;
}

/** Leases a slot for the unit; the place as an intent names it. */
export async function leaseOf(floor: ShopFloor, unit: UnitName): Promise<Omit<Place, 'fence'>> {
  await floor.as('office').raw('select acquire_slot(?)', [unit.unitId]);
  const { station, slot, virtual } = await placeOf(floor, unit);
  return { station, slot, virtual };
}

/** The kinds of events of units that these may append. */
export function kindsOf(...appenders: EventKind['appender'][]): EventKind[] {
  const ofUnits = [...eventKinds.values()].filter(({ streamKind }) => streamKind === 'unit');
  return ofUnits.filter(({ appender }) => appenders.includes(appender));
}

/** Waits until so many sessions of this database wait for a lock that another one holds. */
export async function untilBlocked(database: TestDatabase, sessions = 1): Promise<void> {
  await withSuperuser(async (superuser) => {
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    while (((await superuser.query(waiting)).rowCount ?? 0) < sessions) await sleep(POLL_MS);
  }, database.superuserUrl);
}
