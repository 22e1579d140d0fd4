import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { canonicalText, readCanonical } from './canonical';
import type { ExportSet, NamedLog } from './manifests';
import { isProof, pairs, readProofLine, wrongWithProof } from './proof';
import type { Problems } from './report';
import { unitKey, type SealedHeads } from './sealed-heads';

type Facts = Record<string, unknown>;
export type Told = 'amendments' | 'numbers';

const FORMAT = 'unitrail.statement-proof/1';
const STATEMENT = 'unitrail.statement/1';
const nameOfOne: Readonly<Record<Told, string>> = { amendments: 'amendment', numbers: 'number' };
/** Which event tells what became of a number. */
const fateTypes: Readonly<Record<string, readonly string[]>> = {
  scrapped: ['scrapped'],
  missing: ['missing'],
  void: ['voided', 'numberVoided'],
};

/**
 * What was said of units later, or of numbers: each line says what a statement of the log says. Returns how many were led to
 * the checkpoint. Sets that were made before exports had these proofs have none.
 */
export async function checkStatements(
  folder: string,
  set: ExportSet,
  log: NamedLog,
  kind: Told,
  heads: SealedHeads,
  problems: Problems,
): Promise<number> {
  const [lines, proofs] = [`${set.base}.${kind}.jsonl`, `${set.base}.proofs.${kind}.jsonl`];
  const has = (wanted: string): boolean => set.files.some(({ name }) => name === wanted);
  if (!log.proves?.includes(kind)) return 0;
  // Beside the records both are always there, if empty: without the lines nobody would ask for their proofs.
  const expected = has(lines) || has(`${set.base}.records.jsonl`) ? [lines, proofs] : [];
  const missing = expected.filter((name) => !has(name));
  for (const name of missing)
    problems.add(set.manifest, `says that its ${kind} are proven, and has no file ${name}`);
  if (expected.length === 0 || missing.length > 0) return 0;
  const judge = new Judge(set, log, kind, heads);
  let line = 0;
  for await (const [row, proof] of pairs(join(folder, lines), join(folder, proofs))) {
    line += 1;
    const wrong = judge.wrongWith(row, proof, line);
    if (wrong !== null) problems.add(`${proofs}, line ${line}`, wrong);
  }
  problems.notes.push(...judge.notes());
  return judge.proven;
}

class Judge {
  proven = 0;
  private unopened = 0;
  private unbound = 0;
  private moved = 0;
  /** The leaves of serial numbers: one unit has one. */
  private readonly serials = new Map<number, string>();

  constructor(
    private readonly set: ExportSet,
    private readonly log: NamedLog,
    private readonly kind: Told,
    private readonly heads: SealedHeads,
  ) {}

  /** Null where the proof holds, or none is to be expected. */
  wrongWith(row: string | undefined, line: string | undefined, number: number): string | null {
    if (line === undefined) return `is missing: ${nameOfOne[this.kind]} ${number} has no proof`;
    if (row === undefined) return `proves ${this.kind} that are not here`;
    const read = readProofLine(line, FORMAT);
    if ('wrong' in read) return read.wrong;
    const told = readCanonical(row);
    const facts = 'value' in told ? (told.value as Facts | null) : null;
    if (facts === null) return 'proves a line that can not be read';
    const value = this.kind === 'amendments' ? facts.serial : facts.value;
    if (read.facts.serial !== value)
      return `proves ${String(read.facts.serial)}, and the line beside it is about ${String(value)}`;
    if (read.facts.statement === null) return this.withoutStatement(facts, String(value));
    const wrong = this.judge(read.facts, facts, String(value));
    if (wrong === null) this.proven += 1;
    return wrong;
  }

  notes(): string[] {
    const { export: id } = this.set;
    const { unopened, unbound, moved } = this;
    return [
      ...(unopened > 0 ? [`numbers of ${id} of which the log has no statement: ${unopened}`] : []),
      ...(unbound > 0
        ? [
            `amendments of ${id} in the log that were not compared with the sealed histories of their units, whose records are not here: ${unbound}`,
          ]
        : []),
      ...(moved > 0
        ? [
            `amendments of ${id} in the log that were not compared with the sealed histories of their units, which had moved into the archive by the export's word alone: ${moved}`,
          ]
        : []),
    ];
  }

  /** That a number of a list was never used is no event of its own. What has moved into the archive is not told again. */
  private withoutStatement({ fate }: Facts, value: string): string | null {
    const isExpected = this.kind === 'numbers' && (fate === 'unused' || this.set.kind !== 'sequence');
    if (!isExpected) return `has no statement about ${value}`;
    this.unopened += 1;
    return null;
  }

  private judge(proof: Facts, row: Facts, value: string): string | null {
    const { statement: text } = proof;
    if (!isProof(proof) || typeof text !== 'string') return `is no proof of format ${FORMAT}`;
    const wrong = wrongWithProof(proof, { text, format: STATEMENT }, value, this.log);
    if (wrong !== null) return wrong;
    const statement = readStatement(text);
    if (statement === null) return `proves something about ${value} that is no statement`;
    if (this.kind === 'numbers') return this.numberDiffers(statement, row, proof.index, value);
    return amendmentDiffers(statement, row, value) ?? this.leadsElsewhere(statement, row, proof.since, value);
  }

  private numberDiffers(statement: Statement, row: Facts, index: number, value: string): string | null {
    const { type, at, body, stream } = statement;
    const isOfNumber = type === 'numberVoided';
    const differences: [string, unknown, unknown][] = [
      ['fate', row.fate, fateTypes[String(row.fate)]?.includes(type) ? row.fate : type],
      ['time', row.at, at],
      ['reason', row.reason, (isOfNumber ? body.why : body.code) ?? null],
      ['number', value, isOfNumber ? body.value : value],
      ['batch', row.batch, isOfNumber ? stream.slice('batch:'.length) : row.batch],
    ];
    const differs = firstDifference(differences, value);
    if (differs !== null || row.kind !== 'serial') return differs;
    const other = this.serials.get(index) ?? value;
    this.serials.set(index, value);
    return other === value ? null : `proves ${value} by the statement about ${other}`;
  }

  /** From the head that the record was sealed with, event by event, to the statement's own hash: it is of that very unit. */
  private leadsElsewhere(statement: Statement, row: Facts, since: unknown, value: string): string | null {
    const { sealed = null, sets = [] } = this.heads.get(unitKey(row.issuer, row.serial)) ?? {};
    if (sealed === null) {
      this.unbound += 1;
      return null;
    }
    if (since === null) return this.withoutLinks(sets, value);
    const links = Array.isArray(since) ? since.map((link) => Buffer.from(String(link), 'hex')) : [];
    const hash = links.reduce<Uint8Array>(
      (head, link) => sha256(head, link),
      Buffer.from(sealed.head, 'hex'),
    );
    const { header, text, hash: own } = statement;
    const ends = sha256(hash, sha256(Buffer.from(header)), sha256(Buffer.from(text))).toString('hex');
    const isOne =
      links.every(({ length }) => length === 64) && links.length === statement.seq - sealed.events - 1;
    return isOne && ends === own
      ? null
      : `proves an amendment of another unit: it does not go on from the history that ${value} was sealed with`;
  }

  /** What has moved into the archive can't be told any more. A set that has the record as well was made before that. */
  private withoutLinks(sets: readonly string[], value: string): string | null {
    if (sets.includes(this.set.base))
      return `does not show how the amendment goes on from the history that ${value} was sealed with, and the set has its record`;
    this.moved += 1;
    return null;
  }
}

interface Statement {
  readonly header: string;
  readonly hash: string;
  /** The canonical body, and what it says. */
  readonly text: string;
  readonly body: Facts;
  readonly stream: string;
  readonly seq: number;
  readonly type: string;
  readonly at: string;
}

function readStatement(text: string): Statement | null {
  const read = readCanonical(text);
  const facts = 'value' in read ? (read.value as Facts | null) : null;
  const { header, hash, body, format } = facts ?? {};
  if (format !== STATEMENT || typeof header !== 'string' || typeof hash !== 'string' || !isMap(body))
    return null;
  const parts = header.split('|');
  const [version, stream, seq, type] = parts;
  if (version !== 'v1' || parts.length < 7) return null;
  return {
    ...{ header, hash, body, text: canonicalText(body) },
    ...{ stream: stream!, seq: Number(seq), type: type!, at: parts.at(-1)! },
  };
}

function amendmentDiffers(
  { stream, seq, type, at, text }: Statement,
  row: Facts,
  value: string,
): string | null {
  return firstDifference(
    [
      ['unit', `unit:${String(row.unitId)}`, stream],
      ['event', row.seq, seq],
      ['type', row.type, type],
      ['time', row.at, at],
      ['content', canonicalText(row.body), text],
    ],
    value,
  );
}

function firstDifference(fields: readonly [string, unknown, unknown][], value: string): string | null {
  const [found] = fields.filter(([, told, stated]) => told !== stated);
  return found
    ? `proves another statement: of ${value} the export says ${found[0]} ${JSON.stringify(found[1])}, and the log ${JSON.stringify(found[2])}`
    : null;
}

function isMap(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
}
