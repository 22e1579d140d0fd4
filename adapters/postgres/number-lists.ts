import type { NumberChunk, ProblemList } from '../../domain/number-list';
import type { Problem } from '../../domain/refusal';
import type { CellPlace } from '../../domain/table-source';
import type { Database } from './database';
import { mapped } from './errors';
import { importInOne } from './import-transaction';

/** What is said of a list, and kept with it. */
export interface ListHead {
  readonly issuer: string;
  readonly list: string;
  /** The buyer's mask, by which the numbers were judged. */
  readonly pattern: string | null;
  readonly source: string;
  readonly sha256: string;
  /** Which part of the file was read. */
  readonly part: string;
  readonly by: string;
}

export interface ListedNumbers {
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

export interface NumbersToList {
  readonly chunks: AsyncIterable<NumberChunk>;
  readonly place: (row: number, column: number) => CellPlace;
  readonly problems: ProblemList;
  /** Called when every chunk is in the database; throws where anything was wrong. */
  readonly judge: () => Promise<void>;
}

export type ListOutcome = ListedNumbers & { readonly outcome: 'listed' | 'tried' | 'known' };

/**
 * Lists the numbers in one transaction. A try (`dryRun`) does the same and takes it back. A repeat of the same part of the
 * same file reads nothing and answers what was listed then.
 */
export async function listNumbers(
  db: Database,
  head: ListHead,
  numbers: NumbersToList,
  dryRun: boolean,
): Promise<ListOutcome> {
  return importInOne(
    db,
    (trx) => list(trx, head, numbers, dryRun),
    ({ outcome }) => outcome === 'listed',
  );
}

async function list(
  trx: Database,
  head: ListHead,
  numbers: NumbersToList,
  dryRun: boolean,
): Promise<ListOutcome> {
  const space = await openList(trx, head);
  if (space === null) return { outcome: 'known', ...(await listedIn(trx, head)) };
  await addChunks(trx, space, numbers);
  await numbers.judge();
  await trx.raw('select close_number_list(?)', [space]);
  return { outcome: dryRun ? 'tried' : 'listed', ...(await listedIn(trx, head)) };
}

async function openList(trx: Database, head: ListHead): Promise<string | null> {
  const { issuer, list, pattern, source, sha256, part, by } = head;
  const answer = await trx.raw<{ rows: { space: string | null }[] }>(
    'select open_number_list(?, ?, ?, ?, ?, ?, ?) as space',
    [issuer, list, pattern, source, sha256, part, by] as string[],
  );
  return answer.rows[0]!.space;
}

async function listedIn(trx: Database, { issuer, list }: ListHead): Promise<ListedNumbers> {
  const answer = await trx.raw<{ rows: { count: string; first: string; last: string }[] }>(
    `select s.last_number as count, f.value as first, l.value as last
     from number_lists n join number_spaces s on s.id = n.space_id
     join listed_numbers f on f.space_id = n.space_id and f.position = 1
     join listed_numbers l on l.space_id = n.space_id and l.position = s.last_number
     where n.issuer = ? and n.name = ?`,
    [issuer, list],
  );
  const { count, first, last } = answer.rows[0]!;
  return { count: Number(count), first, last };
}

async function addChunks(
  trx: Database,
  space: string,
  { chunks, place, problems }: NumbersToList,
): Promise<void> {
  const rows = new RowNumbers();
  for await (const { column, values, rows: theirs } of chunks) {
    const first = rows.add(theirs);
    const told = (position: number): string => String(place(rows.at(position), column).path[0]);
    for (const taken of await addChunk(trx, space, first, values)) {
      const at = taken.place - 1;
      problems.add(takenProblem(place(theirs[at]!, column), values[at]!, taken, told));
    }
  }
}

interface Taken {
  /** In the chunk, from 1. */
  readonly place: number;
  readonly taken_by: 'import' | 'list' | 'unit';
  readonly taken_list: string | null;
  readonly taken_position: string | null;
}

async function addChunk(
  trx: Database,
  space: string,
  first: number,
  values: readonly string[],
): Promise<readonly Taken[]> {
  const answer = await trx.raw<{ rows: Taken[] }>(
    'select place, taken_by, taken_list, taken_position from add_listed_numbers(?, ?, ?)',
    [space, first, values as string[]],
  );
  return answer.rows;
}

function takenProblem(
  place: CellPlace,
  value: string,
  { taken_by: by, taken_list: name, taken_position: position }: Taken,
  told: (position: number) => string,
): Problem {
  if (by === 'import')
    return { ...place, value, allowed: `each number once, and ${told(Number(position))} has it` };
  const allowed =
    by === 'unit'
      ? 'a number that no unit has'
      : `a number of no other list, and ${name} has it at position ${position}`;
  return { ...place, value, allowed };
}

/** The row of each number of the file, by its position: a million of them take 4 MB. */
class RowNumbers {
  private rows = new Uint32Array(1024);
  private used = 0;

  /** The position of the first of these. */
  add(rows: readonly number[]): number {
    const first = this.used + 1;
    while (this.rows.length < this.used + rows.length) this.rows = doubled(this.rows);
    this.rows.set(rows, this.used);
    this.used += rows.length;
    return first;
  }

  at(position: number): number {
    return this.rows[position - 1]!;
  }
}

function doubled(values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(values.length * 2);
  larger.set(values);
  return larger;
}

/** What stands at these positions of a buyer's list. */
export async function listedValues(
  db: Database,
  space: number,
  positions: readonly number[],
): Promise<Map<number, string>> {
  const rows: { position: string; value: string }[] = await mapped(
    db('listed_numbers')
      .where({ space_id: space })
      .whereIn('position', positions)
      .select('position', 'value'),
  );
  return new Map(rows.map(({ position, value }) => [Number(position), value]));
}

/** A buyer's list, and how many of its numbers no batch has taken; null where there is none of that name. */
export async function findNumberList(
  db: Database,
  issuer: string,
  name: string,
): Promise<{ scope: string; count: number; left: number } | null> {
  const row = await mapped(
    db('number_lists')
      .join('number_spaces', 'number_spaces.id', 'number_lists.space_id')
      .where({ 'number_lists.issuer': issuer, 'number_lists.name': name })
      .first('scope', 'last_number as count', db.raw('last_number - next_number + 1 as left')),
  );
  return row ? { scope: row.scope, count: Number(row.count), left: Number(row.left) } : null;
}
