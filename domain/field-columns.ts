import { plainText } from './plain-text';
import { refusal, type Problem } from './refusal';
import type { TableRow, TableSource } from './table-source';

/** Headings of a file of reports; upper and lower case, blanks, hyphens and underscores do not count. */
const FIELDS = ['serial', 'mac', 'chipUid', 'version', 'sha256', 'reportedAt', 'source'] as const;
export type FieldName = (typeof FIELDS)[number];
export const IDENTITIES = ['serial', 'mac', 'chipUid'] as const;
export type Identity = (typeof IDENTITIES)[number];

/** What else the files of fleet servers call them. */
const also: Readonly<Record<string, FieldName>> = {
  macaddress: 'mac',
  firmware: 'version',
  firmwareversion: 'version',
  firmwaresha256: 'sha256',
};

/** What stands in which column of a file of reports. Columns of another heading are not read. */
export class FieldColumns {
  private constructor(
    private readonly columns: ReadonlyMap<FieldName, number>,
    /** Headings of the columns that are not read. */
    readonly unread: readonly string[],
  ) {}

  /** @throws UnitrailError INPUT_INVALID where a column that is needed is missing, or stands there twice. */
  static of(row: TableRow, table: TableSource, hasSource: boolean): FieldColumns {
    const columns = new Map<FieldName, number>();
    const [problems, unread] = [[] as Problem[], [] as string[]];
    for (const [column, cell] of row.cells.entries()) {
      if (typeof cell !== 'string' || plain(cell) === '') continue;
      const name = FIELDS.find((one) => plain(one) === plain(cell)) ?? also[plain(cell)];
      if (name === undefined) unread.push(plainText(cell.trim(), 40));
      else if (!columns.has(name)) columns.set(name, column);
      else problems.push({ ...table.place(row.row, column), value: cell, allowed: `one column ${name}` });
    }
    const missing = whatIsMissing(columns, hasSource);
    if (missing !== null) problems.push({ ...table.place(row.row, 0), value: undefined, ...missing });
    if (problems.length > 0) throw refusal('INPUT_INVALID', 'The file', problems);
    return new FieldColumns(columns, unread);
  }

  at(name: FieldName): number | undefined {
    return this.columns.get(name);
  }

  hasAny(first: number, last: number): boolean {
    return [...this.columns.values()].some((column) => column >= first && column <= last);
  }
}

function whatIsMissing(columns: ReadonlyMap<FieldName, number>, hasSource: boolean) {
  const needed = [
    ...(IDENTITIES.some((name) => columns.has(name)) ? [] : ['serial, mac or chipUid']),
    ...(['version', 'reportedAt'] as const).filter((name) => !columns.has(name)),
    ...(hasSource || columns.has('source') ? [] : ['source (or --source NAME for all rows)']),
  ];
  const spot = { source: 'the row of headings' };
  return needed.length === 0 ? null : { allowed: `one with ${needed.join(', ')}`, spot };
}

function plain(heading: string): string {
  return heading.toLowerCase().replace(/[\s_-]/g, '');
}
