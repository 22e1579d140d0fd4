import { FieldColumns, IDENTITIES, type FieldName, type Identity } from './field-columns';
import type { ProblemList } from './number-list';
import { refusal, type Problem } from './refusal';
import { isBlank, type TableItem, type TableRow, type TableSource } from './table-source';
import { readInstant } from './unit-filter';
import { readingsOf, type Reading } from './unit-lookup';

export const MAX_FIELD_REPORTS = 1_000_000;
const REPORTS_A_CHUNK = 1_000;
const AS_TEXT = 'a text cell; a spreadsheet drops zeros and digits of everything else';
const VERSION = /^(?!.*\|)[!-~](?:[ -~]{0,62}[!-~])?$/;
const SOURCE = /^(?! )[^|\p{Cc}\p{Cs}]{1,64}(?<! )$/u;

/** What a device said: which unit it is, in as many ways as the file tells, and what it runs. */
export interface FieldReport {
  readonly row: number;
  readonly names: readonly NamedBy[];
  readonly version: string;
  readonly sha256: string | null;
  /** RFC 3339 UTC with milliseconds. */
  readonly at: string;
  readonly source: string;
}

export interface NamedBy {
  readonly column: number;
  readonly text: string;
  readonly readings: readonly Reading[];
}

/** Reports in the order of the file, and the columns that problems of theirs are told at. */
export interface FieldChunk {
  readonly reports: readonly FieldReport[];
  readonly columns: { readonly version: number; readonly reportedAt: number };
}

export interface FieldRules {
  /** For all rows; null where each row says it. */
  readonly source: string | null;
  readonly now: Date;
  /** Told once, with the headings that are not read. */
  readonly onUnread: (headings: readonly string[]) => void;
}

const kinds: Readonly<Record<Identity, Reading['kind']>> = {
  serial: 'serial',
  mac: 'mac',
  chipUid: 'chip-uid',
};

/** Null where the text may stand as a source. */
export function sourceProblem(text: string): string | null {
  return SOURCE.test(text) ? null : '1 to 64 characters on one line without "|", no blank at the ends';
}

/**
 * The good rows of the table, in chunks; whatever is wrong goes to the problems. Memory does not grow with the table.
 * @throws UnitrailError INPUT_INVALID where the reading can't go on: a column is missing, too many rows.
 */
export async function* readFieldReports(
  table: TableSource,
  rules: FieldRules,
  problems: ProblemList,
): AsyncGenerator<FieldChunk> {
  const reader = new ReportReader(table, rules, problems);
  for await (const items of table.pieces()) {
    for (const item of items) yield* reader.take(item);
  }
  yield* reader.rest();
}

class ReportReader {
  private columns: FieldColumns | undefined;
  private reports: FieldReport[] = [];
  private count = 0;

  constructor(
    private readonly table: TableSource,
    private readonly rules: FieldRules,
    private readonly problems: ProblemList,
  ) {}

  *take(item: TableItem): Generator<FieldChunk> {
    if (item.kind === 'merged') return this.judgeMerged(item);
    if (item.cells.every(isBlank)) return;
    if (this.columns === undefined) {
      this.columns = FieldColumns.of(item, this.table, this.rules.source !== null);
      if (this.columns.unread.length > 0) this.rules.onUnread(this.columns.unread);
      return;
    }
    const before = this.problems.total;
    const report = this.readRow(item, this.columns);
    if (this.problems.total > before) return;
    if (++this.count > MAX_FIELD_REPORTS) throw this.tooMany(item.row);
    this.reports.push(report);
    if (this.reports.length === REPORTS_A_CHUNK) yield* this.flush(this.columns);
  }

  *rest(): Generator<FieldChunk> {
    if (this.columns === undefined || (this.count === 0 && this.problems.total === 0))
      this.problems.add({ path: ['reports'], value: undefined, allowed: 'headings and a report below them' });
    if (this.columns && this.reports.length > 0) yield* this.flush(this.columns);
  }

  private *flush(columns: FieldColumns): Generator<FieldChunk> {
    const [version, reportedAt] = [columns.at('version') ?? 0, columns.at('reportedAt') ?? 0];
    yield { reports: this.reports, columns: { version, reportedAt } };
    this.reports = [];
  }

  private judgeMerged(item: Extract<TableItem, { kind: 'merged' }>): void {
    if (!this.columns?.hasAny(item.firstColumn, item.lastColumn)) return;
    const place = this.table.place(item.row, item.firstColumn);
    const allowed = 'a cell for each value: unmerge the cells';
    this.problems.add(oddProblem(place, `the merged area ${item.area}`, allowed));
  }

  /** Where anything of it is wrong, that is among the problems and the report is not used. */
  private readRow(row: TableRow, columns: FieldColumns): FieldReport {
    return {
      row: row.row,
      names: this.namesOf(row, columns),
      version: this.textOf(row, columns, 'version', (text) =>
        VERSION.test(text) ? null : '1 to 64 printable ASCII characters without "|", no blank at the ends',
      ),
      sha256: this.digestOf(row, columns),
      at: this.timeOf(row, columns),
      source: this.rules.source ?? this.textOf(row, columns, 'source', sourceProblem),
    };
  }

  private namesOf(row: TableRow, columns: FieldColumns): NamedBy[] {
    const given = IDENTITIES.filter((name) => !isBlank(row.cells[columns.at(name) ?? -1]));
    if (given.length === 0)
      this.tell(
        row,
        IDENTITIES.map((name) => columns.at(name)).find((at) => at !== undefined)!,
        undefined,
        'a serial, a MAC address or a chip UID in each row',
      );
    return given.flatMap((name) => {
      const column = columns.at(name)!;
      const text = this.textAt(row, column);
      const readings = /^[ -~]{1,200}$/.test(text) ? readingsOf(text) : [];
      const fitting = readings.filter(({ kind }) => kind === kinds[name]);
      if (text !== '' && fitting.length === 0) this.tell(row, column, text, allowedName[name]);
      return [{ column, text, readings: fitting }];
    });
  }

  private textOf(
    row: TableRow,
    columns: FieldColumns,
    name: FieldName,
    problemOf: (text: string) => string | null,
  ): string {
    const column = columns.at(name)!;
    const before = this.problems.total;
    const text = this.textAt(row, column);
    const allowed = problemOf(text);
    if (allowed !== null && this.problems.total === before)
      this.tell(row, column, text === '' ? undefined : text, allowed);
    return text;
  }

  private digestOf(row: TableRow, columns: FieldColumns): string | null {
    if (isBlank(row.cells[columns.at('sha256') ?? -1])) return null;
    const allowed = 'a SHA-256 of 64 hexadecimal digits, or an empty cell';
    const text = this.textOf(row, columns, 'sha256', (one) => (/^[0-9a-f]{64}$/i.test(one) ? null : allowed));
    return text.toLowerCase();
  }

  private timeOf(row: TableRow, columns: FieldColumns): string {
    const form = 'a day YYYY-MM-DD (00:00 UTC) or an instant such as 2026-11-23T08:00:00Z';
    const text = this.textOf(row, columns, 'reportedAt', (one) => {
      const instant = readInstant(one);
      if (instant === undefined) return form;
      return instant > this.rules.now ? `a time up to now, ${this.rules.now.toISOString()}` : null;
    });
    return readInstant(text)?.toISOString() ?? '';
  }

  /** Empty where there is nothing; what is no text is told. */
  private textAt(row: TableRow, column: number): string {
    const cell = row.cells[column];
    if (typeof cell !== 'object') return cell ?? '';
    this.problems.add(oddProblem(this.table.place(row.row, column), cell.told, AS_TEXT));
    return '';
  }

  private tell(row: TableRow, column: number, value: string | undefined, allowed: string): void {
    this.problems.add({ ...this.table.place(row.row, column), value, allowed });
  }

  private tooMany(row: number) {
    const allowed = `at most ${MAX_FIELD_REPORTS} reports in a file`;
    return refusal('INPUT_INVALID', 'The file', [
      { ...this.table.place(row, 0), value: this.count, allowed },
    ]);
  }
}

const allowedName: Readonly<Record<Identity, string>> = {
  serial: 'a serial, or issuer:serial',
  mac: 'a MAC address, such as 70:B3:D5:00:00:04',
  chipUid: 'a chip UID',
};

function oddProblem(place: Pick<Problem, 'path' | 'spot'>, told: string, allowed: string): Problem {
  return { ...place, spot: { ...place.spot, source: told }, value: undefined, allowed };
}
