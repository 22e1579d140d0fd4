import { UnitrailError } from '../../domain/errors';
import type { Order } from '../../domain/order-document';
import type { Recipe } from '../../domain/recipe';
import {
  recordEventTypes,
  type RecordEvent,
  type RecordEventType,
  type RecordFacts,
  type RecordUnit,
} from '../../domain/record';
import type { Database } from './database';
import { mapped } from './errors';

/** Some twelve events a unit, of which we take a few hundred bytes each: a page stays at a few megabytes. */
const PAGE_UNITS = 500;

interface UnitAndPlace extends Omit<RecordUnit, 'seq' | 'head' | SeqName> {
  readonly shipment: RecordFacts['shipment'];
  readonly recipeSha256: string;
  readonly seq: string;
  readonly head: Buffer;
  readonly flashedSeq: string | null;
  readonly testedSeq: string | null;
  readonly provisionedSeq: string | null;
  readonly labelSeq: string | null;
  readonly qcSeq: string | null;
}

type SeqName = 'flashedSeq' | 'testedSeq' | 'provisionedSeq' | 'labelSeq' | 'qcSeq';

interface EventRow {
  readonly stream: string;
  readonly seq: string;
  readonly type: RecordEventType;
  readonly at: Date;
  readonly body: string;
}

const unitQuery = `
  select u.id as "unitId", u.issuer, u.serial, u.product, u.batch_id as batch, u.chip_uid as "chipUid", u.simulated,
    u.flashed_seq as "flashedSeq", u.tested_seq as "testedSeq", u.provisioned_seq as "provisionedSeq",
    u.label_seq as "labelSeq", u.qc_seq as "qcSeq", u.label_print as "labelPrint", u.seq, u.head,
    u.recipe_sha256 as "recipeSha256",
    case when s.id is not null then jsonb_build_object('id', s.id, 'carton', u.carton, 'buyer', s.buyer,
      'destination', s.destination) end as shipment
  from units u left join shipments s on s.id = u.shipment_id
  where u.id = any(?::uuid[])`;

/** PEM texts and the QC's statement are most of the bytes of a history, and no part of a record. */
const eventQuery = `
  select stream, seq, type, at,
    case type when 'certificateIssued' then (body::jsonb - 'certificate' - 'chain')::text
              when 'qualityPassed' then (body::jsonb - 'statement')::text else body end as body
  from unit_events where stream = any(?::text[]) and type = any(?::text[])
  order by stream, seq`;

/**
 * What the records of these units are made of, in the order of the ids: five queries for five hundred units. Inside
 * the closing transaction it sees the `shipped` events of that transaction; outside, call it in a snapshot.
 * @throws UnitrailError NOT_FOUND for an id that is no unit's.
 */
export async function loadRecordFacts(db: Database, unitIds: readonly string[]): Promise<RecordFacts[]> {
  const documents = new Documents(db);
  const facts: RecordFacts[] = [];
  for (let from = 0; from < unitIds.length; from += PAGE_UNITS) {
    facts.push(...(await loadPage(db, documents, unitIds.slice(from, from + PAGE_UNITS))));
  }
  return facts;
}

async function loadPage(
  db: Database,
  documents: Documents,
  unitIds: readonly string[],
): Promise<RecordFacts[]> {
  const units = new Map(
    (await rows<UnitAndPlace>(db, unitQuery, [unitIds])).map((unit) => [unit.unitId, unit]),
  );
  await documents.load([...units.values()]);
  const events = await loadEvents(db, unitIds);
  return unitIds.map((unitId) => {
    const unit = units.get(unitId);
    if (!unit) throw new UnitrailError('NOT_FOUND', `There is no unit ${unitId}.`);
    return toFacts(unit, documents, events.get(unitId) ?? []);
  });
}

function toFacts(unit: UnitAndPlace, documents: Documents, events: readonly RecordEvent[]): RecordFacts {
  const { shipment, recipeSha256, ...row } = unit;
  return {
    unit: {
      ...row,
      flashedSeq: numberOrNull(row.flashedSeq),
      testedSeq: numberOrNull(row.testedSeq),
      provisionedSeq: numberOrNull(row.provisionedSeq),
      labelSeq: numberOrNull(row.labelSeq),
      qcSeq: numberOrNull(row.qcSeq),
      seq: Number(row.seq),
      head: row.head.toString('hex'),
    },
    order: documents.order(unit.batch),
    recipe: documents.recipe(recipeSha256),
    events,
    shipment,
  };
}

async function loadEvents(db: Database, unitIds: readonly string[]): Promise<Map<string, RecordEvent[]>> {
  const streams = unitIds.map((unitId) => `unit:${unitId}`);
  const events = new Map<string, RecordEvent[]>(unitIds.map((unitId) => [unitId, []]));
  for (const row of await rows<EventRow>(db, eventQuery, [streams, recordEventTypes])) {
    events.get(row.stream.slice('unit:'.length))?.push(toEvent(row));
  }
  return events;
}

function toEvent({ seq, type, at, body }: EventRow): RecordEvent {
  return { seq: Number(seq), type, at: at.toISOString(), body: JSON.parse(body) as RecordEvent['body'] };
}

/** Thousands of units share a few orders and recipes: each is read and parsed once. */
class Documents {
  private readonly orders = new Map<string, Order>();
  private readonly recipes = new Map<string, Recipe>();

  constructor(private readonly db: Database) {}

  async load(units: readonly { batch: string; recipeSha256: string }[]): Promise<void> {
    const batches = unseen(
      this.orders,
      units.map(({ batch }) => batch),
    );
    const recipes = unseen(
      this.recipes,
      units.map(({ recipeSha256 }) => recipeSha256),
    );
    await this.read(
      this.orders,
      'select id, document as text from batches where id = any(?::text[])',
      batches,
    );
    await this.read(
      this.recipes,
      'select sha256 as id, body as text from recipes where sha256 = any(?::text[])',
      recipes,
    );
  }

  order(batch: string): Order {
    return required(this.orders.get(batch), `order document of batch ${batch}`);
  }

  recipe(sha256: string): Recipe {
    return required(this.recipes.get(sha256), `recipe ${sha256}`);
  }

  private async read<T>(known: Map<string, T>, query: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    for (const { id, text } of await rows<{ id: string; text: string }>(this.db, query, [ids])) {
      known.set(id, JSON.parse(text) as T);
    }
  }
}

function unseen(known: ReadonlyMap<string, unknown>, ids: readonly string[]): string[] {
  return [...new Set(ids)].filter((id) => !known.has(id));
}

function required<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new UnitrailError('INTERNAL', `The database lacks the ${what}.`);
  return found;
}

async function rows<Row>(db: Database, query: string, values: readonly unknown[]): Promise<Row[]> {
  const answer = await mapped(db.raw<{ rows: Row[] }>(query, values as never));
  return answer.rows;
}

function numberOrNull(seq: string | null): number | null {
  return seq === null ? null : Number(seq);
}
