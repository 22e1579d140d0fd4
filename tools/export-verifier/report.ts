/** One thing that is not as it was signed. */
export interface Problem {
  /** The file, or the export, and where in it. */
  readonly where: string;
  readonly what: string;
}

/** One export that was looked at. */
export interface CheckedSet {
  readonly export: string;
  readonly buyer: string;
  readonly kind: string;
  readonly number: number | null;
  readonly units: number;
  readonly amendments: number;
  readonly numbers: number;
  readonly keyId: string;
  /** What was checked of the log: the checkpoint's size, and the records, amendments and numbers that lead to it. Null: nothing was. */
  readonly log: {
    readonly size: number;
    readonly proven: number;
    readonly amendments: number;
    readonly numbers: number;
  } | null;
}

export interface Report {
  readonly ok: boolean;
  readonly sets: readonly CheckedSet[];
  readonly problems: readonly Problem[];
  /** How many there are, where not all are listed. */
  readonly found: number;
  readonly notes: readonly string[];
}

const MOST_LISTED = 100;
const MOST_A_FILE = 5;

/** Collects what is wrong, in bounded memory: one rotten file must not push the others off the list. */
export class Problems {
  private readonly listed: Problem[] = [];
  private readonly ofFile = new Map<string, number>();
  private count = 0;
  readonly notes: string[] = [];

  add(where: string, what: string): void {
    this.count += 1;
    const file = where.split(',')[0]!;
    const already = this.ofFile.get(file) ?? 0;
    this.ofFile.set(file, already + 1);
    if (already < MOST_A_FILE && this.listed.length < MOST_LISTED) this.listed.push({ where, what });
  }

  report(sets: readonly CheckedSet[]): Report {
    const { listed: problems, notes, count: found } = this;
    return { ok: found === 0, sets, problems, found, notes };
  }
}

function provenText({ proven, amendments, numbers }: NonNullable<CheckedSet['log']>): string {
  const more = [
    ...(amendments > 0 ? [`${amendments} amendments`] : []),
    ...(numbers > 0 ? [`${numbers} numbers`] : []),
  ];
  return `, ${[`${proven} records`, ...more].join(', ')} proven in the log`;
}

export function reportText({ ok, sets, problems, found, notes }: Report): string {
  const lines = sets.map(
    ({ export: id, kind, units, amendments, numbers, keyId, log }) =>
      `${id}: ${kind}, ${units} units, ${amendments} amendments, ${numbers} numbers, signed by key ${keyId}${log ? provenText(log) : ''}`,
  );
  lines.push(...problems.map(({ where, what }) => `WRONG  ${where}: ${what}`));
  if (found > problems.length) lines.push(`WRONG  and ${found - problems.length} more`);
  lines.push(...notes.map((note) => `note: ${note}`));
  const verdict = ok
    ? `Verified: ${sets.length} ${sets.length === 1 ? 'export' : 'exports'}, complete and as signed.`
    : `NOT verified: ${found} ${found === 1 ? 'problem' : 'problems'}.`;
  return [...lines, verdict].join('\n');
}
