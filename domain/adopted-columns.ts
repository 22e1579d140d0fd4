import { USUAL_FACTS } from './adopted-unit';
import { plainText } from './plain-text';
import { refusal, type Problem } from './refusal';
import type { TableCell, TableRow, TableSource } from './table-source';

const IDENTITY = ['serial', 'state', 'macs', 'chipUid', 'chipFamily'] as const;
type Identity = (typeof IDENTITY)[number];

const MAX_NAME_LENGTH = 64;

/**
 * What stands in which column of a file. Upper and lower case, blanks, hyphens and underscores of a heading do not count:
 * `Chip UID` is `chipUid`. Every other heading names a fact.
 */
export class AdoptedColumns {
  private constructor(
    private readonly identity: ReadonlyMap<Identity, number>,
    /** Name of the fact by column. */
    readonly facts: ReadonlyMap<number, string>,
  ) {}

  /** @throws UnitrailError INPUT_INVALID where `serial` is missing, or a heading stands there twice or is none. */
  static of(row: TableRow, table: TableSource): AdoptedColumns {
    const [identity, facts] = [new Map<Identity, number>(), new Map<number, string>()];
    const [problems, seen] = [[] as Problem[], new Set<string>()];
    for (const [column, cell] of row.cells.entries()) {
      if (cell === undefined || cell === '') continue;
      const problem = headingProblem(cell, seen);
      if (problem !== null || typeof cell !== 'string') {
        const value = typeof cell === 'string' ? cell : cell.told;
        problems.push({ ...table.place(row.row, column), value, allowed: problem ?? '' });
        continue;
      }
      seen.add(plain(cell));
      const known = IDENTITY.find((name) => plain(name) === plain(cell));
      if (known) identity.set(known, column);
      else facts.set(column, USUAL_FACTS.find((name) => plain(name) === plain(cell)) ?? cell.trim());
    }
    if (!identity.has('serial')) problems.push(serialMissing(row, table));
    if (problems.length > 0) throw refusal('INPUT_INVALID', 'The file', problems);
    return new AdoptedColumns(identity, facts);
  }

  at(name: Identity): number | undefined {
    return this.identity.get(name);
  }

  has(column: number): boolean {
    return this.facts.has(column) || [...this.identity.values()].includes(column);
  }

  hasAny(first: number, last: number): boolean {
    return [...this.facts.keys(), ...this.identity.values()].some(
      (column) => column >= first && column <= last,
    );
  }
}

function headingProblem(cell: TableCell, seen: ReadonlySet<string>): string | null {
  if (typeof cell !== 'string') return 'a heading in a text cell';
  if (seen.has(plain(cell))) return 'each heading once';
  const isPlain = plain(cell) !== '' && cell.length <= MAX_NAME_LENGTH && plainText(cell) === cell;
  return isPlain ? null : `a heading on one line, of up to ${MAX_NAME_LENGTH} characters`;
}

function serialMissing(row: TableRow, table: TableSource): Problem {
  const source = 'the row of headings';
  return { ...table.place(row.row, 0), value: undefined, allowed: 'one with serial', spot: { source } };
}

function plain(heading: string): string {
  return heading.toLowerCase().replace(/[\s_-]/g, '');
}
