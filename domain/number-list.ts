import { isSet82, MAX_GS1_SERIAL_LENGTH } from './gs1';
import { numbersOf, RANGE_ALLOWED, rangeSize, readRange } from './number-range';
import { NumberColumns } from './number-columns';
import { refusal, type Problem } from './refusal';
import { fitsMask, type SerialMask } from './serial-mask';
import { isBlank, type TableCell, type TableItem, type TableRow, type TableSource } from './table-source';

export const MAX_LISTED_NUMBERS = 1_000_000;
/** So many are shown; the rest is counted. */
export const MAX_SHOWN_PROBLEMS = 100;
const NUMBERS_A_CHUNK = 5_000;

/** What a spreadsheet makes of long numbers before it saves them as text. */
const ROUNDED = /^[0-9]+([.,][0-9]+)?E[+-]?[0-9]+$/i;
const SET_82 = 'letters, digits and !"%&\'()*+,-./_:;<=>?';
const AS_TEXT = 'a text cell; a spreadsheet drops zeros and digits of everything else';

/** Everything that is wrong with a file: the first ones, and the number of all. */
export class ProblemList {
  private readonly kept: Problem[] = [];
  total = 0;

  add(problem: Problem): void {
    this.total++;
    if (this.kept.length < MAX_SHOWN_PROBLEMS) this.kept.push(problem);
  }

  /** @throws UnitrailError INPUT_INVALID where there is any. */
  refuse(title: string): void {
    if (this.total === 0) return;
    const size = { maxShown: MAX_SHOWN_PROBLEMS, total: this.total };
    throw refusal('INPUT_INVALID', title, this.kept, undefined, size);
  }
}

/** Numbers in the order of the file, each with the row that it is from. */
export interface NumberChunk {
  readonly column: number;
  readonly values: readonly string[];
  readonly rows: readonly number[];
}

export interface NumberRules {
  /** The buyer's; null where the buyer has none. */
  readonly mask: SerialMask | null;
  /** The heading of the column; without one, `serial`, or `from` and `to`. */
  readonly column?: string | undefined;
}

/** What is allowed instead of the number, or null where it is good. */
export function numberProblem(value: string, mask: SerialMask | null): string | null {
  if (mask)
    return fitsMask(mask, value) ? null : `a number of the form ${mask.text}, the buyer's serialPattern`;
  if (value.length > MAX_GS1_SERIAL_LENGTH || !isSet82(value))
    return `1 to ${MAX_GS1_SERIAL_LENGTH} characters, ${SET_82}, no blank`;
  return ROUNDED.test(value) ? 'a number that no spreadsheet has rounded' : null;
}

/**
 * The good numbers of the table, in chunks; whatever is wrong goes to the problems. Memory does not grow with the table.
 * @throws UnitrailError INPUT_INVALID where the reading can't go on: no such column, too many numbers.
 */
export async function* readNumbers(
  table: TableSource,
  rules: NumberRules,
  problems: ProblemList,
): AsyncGenerator<NumberChunk> {
  const reader = new NumberReader(table, rules, problems);
  for await (const items of table.pieces()) {
    for (const item of items) yield* reader.take(item);
  }
  yield* reader.rest();
}

class NumberReader {
  private columns: NumberColumns | undefined;
  private chunk: { values: string[]; rows: number[] } = { values: [], rows: [] };
  private count = 0;

  constructor(
    private readonly table: TableSource,
    private readonly rules: NumberRules,
    private readonly problems: ProblemList,
  ) {}

  *take(item: TableItem): Generator<NumberChunk> {
    if (item.kind === 'merged') return this.judgeMerged(item);
    if (item.cells.every(isBlank)) return;
    if (this.columns === undefined) this.columns = NumberColumns.of(item, this.table, this.rules.column);
    else yield* this.takeRow(item, this.columns);
  }

  *rest(): Generator<NumberChunk> {
    if (this.columns === undefined || (this.count === 0 && this.problems.total === 0)) {
      this.problems.add({ path: ['numbers'], value: undefined, allowed: 'a heading and a number below it' });
    }
    if (this.columns && this.chunk.values.length > 0) yield { column: this.columns.first, ...this.chunk };
  }

  private judgeMerged(item: Extract<TableItem, { kind: 'merged' }>): void {
    const columns = this.columns?.all ?? [];
    if (!columns.some((column) => column >= item.firstColumn && column <= item.lastColumn)) return;
    const place = this.table.place(item.row, item.firstColumn);
    const told = `the merged area ${item.area}`;
    this.problems.add(oddProblem(place, told, 'a cell for each number: unmerge the cells'));
  }

  private *takeRow(row: TableRow, { first, last }: NumberColumns): Generator<NumberChunk> {
    const from = this.textAt(row, first);
    if (last === undefined) {
      if (from !== null && this.judge(row, first, from)) yield* this.add(from, row.row, first);
      return;
    }
    const to = this.textAt(row, last);
    if (from !== null && to !== null) yield* this.takeRange(row, { first, last }, from, to);
  }

  /** Null where there is none; then the problem is told. */
  private textAt(row: TableRow, column: number): string | null {
    const cell: TableCell | undefined = row.cells[column];
    if (typeof cell === 'string' && cell !== '') return cell;
    const place = this.table.place(row.row, column);
    this.problems.add(
      typeof cell === 'object'
        ? oddProblem(place, cell.told, AS_TEXT)
        : { ...place, value: undefined, allowed: 'a number in each row that is not blank' },
    );
    return null;
  }

  private judge(row: TableRow, column: number, value: string, told = value): boolean {
    const allowed = numberProblem(value, this.rules.mask);
    if (allowed === null) return true;
    this.problems.add({ ...this.table.place(row.row, column), value: told, allowed });
    return false;
  }

  private *takeRange(
    row: TableRow,
    columns: { first: number; last: number },
    from: string,
    to: string,
  ): Generator<NumberChunk> {
    if (!this.judge(row, columns.first, from) || !this.judge(row, columns.last, to)) return;
    const range = readRange(from, to);
    if (range === null) {
      this.problems.add({ ...this.table.place(row.row, columns.last), value: to, allowed: RANGE_ALLOWED });
      return;
    }
    if (rangeSize(range) > BigInt(MAX_LISTED_NUMBERS - this.count))
      throw this.tooMany(row.row, columns.last, to);
    for (const value of numbersOf(range)) {
      // One that does not fit stands for all that follow.
      if (!this.judge(row, columns.first, value, `${value} of ${from} to ${to}`)) return;
      yield* this.add(value, row.row, columns.first);
    }
  }

  private *add(value: string, row: number, column: number): Generator<NumberChunk> {
    if (this.count >= MAX_LISTED_NUMBERS) throw this.tooMany(row, column, value);
    this.count++;
    this.chunk.values.push(value);
    this.chunk.rows.push(row);
    if (this.chunk.values.length < NUMBERS_A_CHUNK) return;
    yield { column, ...this.chunk };
    this.chunk = { values: [], rows: [] };
  }

  private tooMany(row: number, column: number, value: string) {
    const allowed = `at most ${MAX_LISTED_NUMBERS} numbers in a list`;
    return refusal('INPUT_INVALID', 'The list', [{ ...this.table.place(row, column), value, allowed }]);
  }
}

function oddProblem(place: Pick<Problem, 'path' | 'spot'>, told: string, allowed: string): Problem {
  return { ...place, spot: { ...place.spot, source: told }, value: undefined, allowed };
}
