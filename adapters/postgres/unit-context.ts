import type { Recipe } from '../../domain/recipe';
import type { Step, UnitState } from '../../domain/unit-lifecycle';
import { prepared, type Database } from './database';
import { UnitrailError } from '../../domain/errors';
import { mapped } from './errors';

/** What an activity needs to know of a unit before it acts: read afresh at every try. */
export interface UnitContext {
  readonly unitId: string;
  readonly serial: string;
  readonly batch: string;
  readonly index: number;
  readonly state: UnitState;
  readonly step: Step;
  readonly attempt: number;
  /** Its place in its own history: of two answers the one with the higher is the newer. */
  readonly seq: number;
  readonly trial: boolean;
  readonly macs: readonly string[];
  readonly chipUid: string | null;
  readonly certificateSha256: string | null;
  readonly flashedSha256: string | null;
  readonly prints: number;
  readonly openPrint: number | null;
  readonly labelPrint: number | null;
  readonly failureCode: string | null;
  readonly boardBatch: string;
  readonly boardLot: string;
  /** The lots in force now. */
  readonly lots: Readonly<Record<string, readonly string[]>>;
  readonly recipeSha256: string;
  readonly recipe: Recipe;
}

type Row = Omit<UnitContext, 'recipe' | 'seq'> & { readonly seq: string };

const query = `
  select u.id as "unitId", u.serial, u.batch_id as batch, u.batch_index as index, u.state, u.step, u.trial, u.seq,
    u.attempts[array_position(array['assign','flash','test','provision','label','qc','ship'], u.step)]::integer as attempt,
    array(select value from identifiers i where i.unit_id = u.id and i.kind = 'mac' order by i.ordinal) as macs,
    u.chip_uid as "chipUid", u.certificate_sha256 as "certificateSha256", u.flashed_sha256 as "flashedSha256",
    u.prints, u.open_print as "openPrint", u.label_print as "labelPrint", u.failure_code as "failureCode",
    b.board_batch as "boardBatch", b.board_lot as "boardLot",
    (select coalesce(jsonb_object_agg(l.position, l.lots), '{}') from batch_lots l where l.batch_id = b.id) as lots,
    u.recipe_sha256 as "recipeSha256"
  from units u join batches b on b.id = u.batch_id
  where u.id = ?`;

/** Recipes never change, so each is read and parsed once a process. */
const recipes = new Map<string, Recipe>();

export async function loadUnitContext(db: Database, unitId: string): Promise<UnitContext> {
  const answer = await mapped(prepared<Row>(db, 'unit_context', query, [unitId]));
  const unit = answer.rows[0];
  if (!unit) throw new UnitrailError('NOT_FOUND', `There is no unit ${unitId}.`);
  const recipe = recipes.get(unit.recipeSha256) ?? (await loadRecipe(db, unit.recipeSha256));
  return { ...unit, seq: Number(unit.seq), recipe };
}

async function loadRecipe(db: Database, sha256: string): Promise<Recipe> {
  const row = await mapped(db('recipes').where({ sha256 }).first('body'));
  if (!row) throw new UnitrailError('INTERNAL', `The database lacks the recipe ${sha256}.`);
  const recipe = JSON.parse(row.body) as Recipe;
  recipes.set(sha256, recipe);
  return recipe;
}

const newestQuery =
  'select seq, at, body from unit_events where stream = ? and type = ? order by seq desc limit 1';

/** The newest event of a type in a unit's history, parsed; null where there is none. */
export async function newestEvent(
  db: Database,
  unitId: string,
  type: string,
): Promise<{ seq: number; at: string; body: Record<string, unknown> } | null> {
  const answer = await mapped(
    prepared<{ seq: string; at: Date; body: string }>(db, 'newest_event', newestQuery, [
      `unit:${unitId}`,
      type,
    ]),
  );
  const row = answer.rows[0];
  if (!row) return null;
  return { seq: Number(row.seq), at: new Date(row.at).toISOString(), body: JSON.parse(row.body) };
}

/** How many events of a type there are in a unit's history. */
export async function countEvents(db: Database, unitId: string, type: string): Promise<number> {
  const row = await mapped(
    db('unit_events')
      .where({ stream: `unit:${unitId}`, type })
      .count('seq as events')
      .first(),
  );
  return Number(row!.events);
}
