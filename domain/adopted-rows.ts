import { AdoptedColumns } from './adopted-columns';
import {
  ADOPTED_STATES,
  oldSerialProblem,
  readAdoptedState,
  readMacs,
  readOldChipUid,
  type AdoptedUnit,
} from './adopted-unit';
import { canonicalJson } from './canonical';
import type { ProblemList } from './number-list';
import { plainText } from './plain-text';
import { refusal, type Problem } from './refusal';
import { isBlank, type TableItem, type TableRow, type TableSource } from './table-source';

export const MAX_ADOPTED_UNITS = 1_000_000;
const MAX_ROW_BYTES = 16_384;
const MAX_FACT_LENGTH = 256;
const UNITS_A_CHUNK = 1_000;
const AS_TEXT = 'a text cell; a spreadsheet drops zeros and digits of everything else';

/** Units in the order of the file, and the columns that their identifiers are from. */
export interface AdoptedChunk {
  readonly units: readonly AdoptedUnit[];
  readonly columns: Readonly<Record<IdentifierKind, number>>;
}
export type IdentifierKind = 'serial' | 'mac' | 'chip-uid';

export interface AdoptionRules {
  /** Families of chips that the plant knows. */
  readonly families: ReadonlySet<string>;
  /** The family of a product's chip, by the product's code. */
  readonly familyOf: ReadonlyMap<string, string>;
}

/**
 * The good rows of the table, in chunks; whatever is wrong goes to the problems. Memory does not grow with the table.
 * @throws UnitrailError INPUT_INVALID where the reading can't go on: no column `serial`, too many rows.
 */
export async function* readAdoptedUnits(
  table: TableSource,
  rules: AdoptionRules,
  problems: ProblemList,
): AsyncGenerator<AdoptedChunk> {
  const reader = new AdoptionReader(table, rules, problems);
  for await (const items of table.pieces()) {
    for (const item of items) yield* reader.take(item);
  }
  yield* reader.rest();
}

class AdoptionReader {
  private columns: AdoptedColumns | undefined;
  private units: AdoptedUnit[] = [];
  private count = 0;

  constructor(
    private readonly table: TableSource,
    private readonly rules: AdoptionRules,
    private readonly problems: ProblemList,
  ) {}

  *take(item: TableItem): Generator<AdoptedChunk> {
    if (item.kind === 'merged') return this.judgeMerged(item);
    if (item.cells.every(isBlank)) return;
    if (this.columns === undefined) {
      this.columns = AdoptedColumns.of(item, this.table);
      return;
    }
    const before = this.problems.total;
    const unit = this.readRow(item, this.columns);
    if (this.problems.total > before) return;
    if (++this.count > MAX_ADOPTED_UNITS) throw this.tooMany(item.row);
    this.units.push(unit);
    if (this.units.length === UNITS_A_CHUNK) yield* this.flush(this.columns);
  }

  *rest(): Generator<AdoptedChunk> {
    if (this.columns === undefined || (this.count === 0 && this.problems.total === 0))
      this.problems.add({ path: ['units'], value: undefined, allowed: 'headings and a unit below them' });
    if (this.columns && this.units.length > 0) yield* this.flush(this.columns);
  }

  private *flush(columns: AdoptedColumns): Generator<AdoptedChunk> {
    const [serial, mac, chip] = [
      columns.at('serial') ?? 0,
      columns.at('macs') ?? 0,
      columns.at('chipUid') ?? 0,
    ];
    yield { units: this.units, columns: { serial, mac, 'chip-uid': chip } };
    this.units = [];
  }

  private judgeMerged(item: Extract<TableItem, { kind: 'merged' }>): void {
    if (!this.columns?.hasAny(item.firstColumn, item.lastColumn)) return;
    const allowed = 'a cell for each value: unmerge the cells';
    const place = this.table.place(item.row, item.firstColumn);
    this.problems.add(oddProblem(place, `the merged area ${item.area}`, allowed));
  }

  /** Where anything of it is wrong, that is among the problems and the unit is not used. */
  private readRow(row: TableRow, columns: AdoptedColumns): AdoptedUnit {
    const facts = this.factsOf(row, columns);
    const chipUid = this.chipUidOf(row, columns.at('chipUid'));
    const unit: AdoptedUnit = {
      chipFamily: chipUid === null ? null : this.familyOf(row, columns.at('chipFamily'), facts.product),
      chipUid,
      facts,
      macs: this.macsOf(row, columns.at('macs')),
      row: row.row,
      serial: this.serialOf(row, columns.at('serial') ?? 0),
      state: this.stateOf(row, columns.at('state')),
    };
    if (new TextEncoder().encode(canonicalJson(unit)).length > MAX_ROW_BYTES)
      this.tell(row, 0, `the row`, `a row of up to ${MAX_ROW_BYTES} bytes`);
    return unit;
  }

  private factsOf(row: TableRow, columns: AdoptedColumns): Record<string, string> {
    const facts: Record<string, string> = {};
    for (const column of row.cells.keys()) {
      const name = columns.facts.get(column);
      const text = name === undefined ? this.textWithout(row, column, columns) : this.textAt(row, column);
      if (name === undefined || text === '') continue;
      if (text.length > MAX_FACT_LENGTH || plainText(text) !== text)
        this.tell(row, column, text, `text on one line, of up to ${MAX_FACT_LENGTH} characters`);
      facts[name] = text;
    }
    return facts;
  }

  /** What has no heading would be lost without a word. */
  private textWithout(row: TableRow, column: number, columns: AdoptedColumns): string {
    const cell = row.cells[column];
    if (!columns.has(column) && !isBlank(cell))
      this.tell(row, column, typeof cell === 'string' ? cell : cell!.told, 'a value below a heading');
    return '';
  }

  private serialOf(row: TableRow, column: number): string {
    const before = this.problems.total;
    const serial = this.textAt(row, column);
    if (this.problems.total > before) return serial;
    const allowed = oldSerialProblem(serial);
    if (allowed !== null) this.tell(row, column, serial === '' ? undefined : serial, allowed);
    return serial;
  }

  private stateOf(row: TableRow, column: number | undefined): AdoptedUnit['state'] {
    const text = this.textAt(row, column);
    const state = readAdoptedState(text);
    if (state === null) this.tell(row, column!, text, `one of ${ADOPTED_STATES.join(', ')}`);
    return state ?? ADOPTED_STATES[0];
  }

  private macsOf(row: TableRow, column: number | undefined): AdoptedUnit['macs'] {
    const text = this.textAt(row, column);
    const macs = readMacs(text);
    if (!('allowed' in macs)) return macs;
    this.tell(row, column!, text, macs.allowed);
    return [];
  }

  private chipUidOf(row: TableRow, column: number | undefined): string | null {
    const text = this.textAt(row, column);
    if (text === '') return null;
    const uid = readOldChipUid(text);
    if (uid === null)
      this.tell(row, column!, text, '1 to 128 printable ASCII characters without "|", no blank at the ends');
    return uid;
  }

  /** Null where nobody says which: then the UID is kept as text only. */
  private familyOf(row: TableRow, column: number | undefined, product: string | undefined): string | null {
    const { families, familyOf } = this.rules;
    const text = this.textAt(row, column);
    if (text === '') return familyOf.get(product ?? '') ?? null;
    if (!families.has(text))
      this.tell(row, column!, text, `a chip family of the plant: ${[...families].join(', ')}`);
    return text;
  }

  /** Empty where there is nothing; what is no text is told. */
  private textAt(row: TableRow, column: number | undefined): string {
    const cell = column === undefined ? undefined : row.cells[column];
    if (typeof cell !== 'object') return cell ?? '';
    this.problems.add(oddProblem(this.table.place(row.row, column!), cell.told, AS_TEXT));
    return '';
  }

  private tell(row: TableRow, column: number, value: string | undefined, allowed: string): void {
    this.problems.add({ ...this.table.place(row.row, column), value, allowed });
  }

  private tooMany(row: number) {
    const allowed = `at most ${MAX_ADOPTED_UNITS} units in a file`;
    return refusal('INPUT_INVALID', 'The file', [
      { ...this.table.place(row, 0), value: this.count, allowed },
    ]);
  }
}

function oddProblem(place: Pick<Problem, 'path' | 'spot'>, told: string, allowed: string): Problem {
  return { ...place, spot: { ...place.spot, source: told }, value: undefined, allowed };
}
