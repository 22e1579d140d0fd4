import { cosignedAt, tooMuchOf, type WitnessKey } from './cosignature';
import type { ExportSet, NamedLog } from './manifests';
import { goesOn } from './merkle';
import type { Problems } from './report';

/** A set brings so many co-signed checkpoints at most. */
const MOST_COSIGNED = 64;

type Brought = NonNullable<NamedLog['cosigned']>[number];

/** A checkpoint that a witness has co-signed. */
interface Seen {
  readonly size: number;
  /** Seconds since 1970. */
  readonly at: number;
}

/**
 * What the sets bring of witnesses holds; and each witness that is asked for has co-signed the log of each set: a checkpoint that its
 * own goes on from, in the set or in one that follows it.
 */
export function checkWitnesses(
  sets: readonly ExportSet[],
  witnesses: readonly WitnessKey[],
  problems: Problems,
): void {
  for (const set of sets) checkBrought(set, problems);
  const newest = newestOf(sets);
  for (const witness of witnesses) {
    const seen = new Map(sets.map((set) => [set, seenBy(set, witness, problems)]));
    checkShrinking(sets, seen, witness, problems);
    for (const set of sets) {
      const all = [set, ...followersOf(set, sets)].flatMap((one) => seen.get(one) ?? []);
      const [largest] = all.sort((a, b) => b.size - a.size);
      requireSeen(set, witness, largest, problems);
      if (largest && newest.has(set)) noteLag(set, witness, largest, problems);
    }
  }
}

/** Of each buyer and log the set with the largest checkpoint: what a witness has not seen of it, no other set here can bring. */
function newestOf(sets: readonly ExportSet[]): ReadonlySet<ExportSet> {
  const newest = new Map<string, ExportSet>();
  for (const set of sets) {
    if (set.log === undefined) continue;
    const of = `${set.buyer}\n${set.log.origin}`;
    if (set.log.size >= (newest.get(of)?.log!.size ?? 0)) newest.set(of, set);
  }
  return new Set(newest.values());
}

/** From one export to the next the newest one of a witness is brought: an older one hides that it has seen more. */
function checkShrinking(
  sets: readonly ExportSet[],
  seen: ReadonlyMap<ExportSet, Seen | null>,
  witness: WitnessKey,
  problems: Problems,
): void {
  for (const set of sets) {
    const before = seen.get(set)?.size ?? -1;
    const older = followersOf(set, sets).find((later) => (seen.get(later)?.size ?? before) < before);
    if (older)
      problems.add(
        older.manifest,
        `brings checkpoint ${seen.get(older)!.size} as the newest that ${nameOf(witness)} has co-signed, and ${set.export}, an export before it, brings ${before}`,
      );
  }
}

function requireSeen(
  { manifest, log }: ExportSet,
  witness: WitnessKey,
  seen: Seen | undefined,
  problems: Problems,
): void {
  const name = nameOf(witness);
  if (log === undefined) return problems.add(manifest, `tells of no log that ${name} could have co-signed`);
  if (!seen)
    problems.add(manifest, `nothing that its log ${log.origin} goes on from is co-signed by ${name}`);
}

/** What came after is the next export's: a witness co-signs what it was shown. */
function noteLag(
  { export: id, log }: ExportSet,
  witness: WitnessKey,
  { size, at }: Seen,
  problems: Problems,
): void {
  const behind = log!.size - size;
  if (behind > 0)
    problems.notes.push(
      `${nameOf(witness)} has co-signed ${size} of the ${log!.size} leaves of the log in ${id}, the newest export here, at ${new Date(at * 1000).toISOString()}: the last ${behind} are not co-signed`,
    );
}

const nameOf = ({ name, id }: WitnessKey): string => `${name}+${id}`;

/** Those of the same buyer's sequence and log, the next one first: their logs go on from that of the set, or that is told. */
function followersOf({ kind, buyer, number, log }: ExportSet, sets: readonly ExportSet[]): ExportSet[] {
  if (kind !== 'sequence' || number === null) return [];
  return sets
    .filter((one) => one.kind === 'sequence' && one.buyer === buyer && one.log?.origin === log?.origin)
    .filter((one) => (one.number ?? 0) > number)
    .sort((a, b) => a.number! - b.number!);
}

/** The largest one that holds. What does not hold hides no other: it is wrong where there is nothing else. */
function seenBy({ manifest, log }: ExportSet, witness: WitnessKey, problems: Problems): Seen | null {
  let seen: Seen | null = null;
  let bad = 0;
  for (const brought of lookedAt(log)) {
    const at = cosignedAt(brought.note, witness);
    if (at === 'bad') bad += 1;
    if (typeof at !== 'number') continue;
    const size = sizeOf(brought, log!);
    if (size !== null && size > (seen?.size ?? -1)) seen = { size, at };
  }
  if (bad > 0 && seen === null)
    problems.add(manifest, `the co-signature by ${nameOf(witness)} does not hold`);
  else if (bad > 0)
    problems.notes.push(
      `${manifest}: beside the co-signature by ${nameOf(witness)} it brings ${bad} that do not hold`,
    );
  return seen;
}

function lookedAt(log: NamedLog | undefined): readonly Brought[] {
  return (log?.cosigned ?? []).slice(0, MOST_COSIGNED).filter(({ note }) => tooMuchOf(note) === null);
}

function checkBrought({ manifest, log }: ExportSet, problems: Problems): void {
  const { length } = log?.cosigned ?? [];
  if (length > MOST_COSIGNED)
    problems.add(manifest, `log.cosigned has ${length} checkpoints, and ${MOST_COSIGNED} are allowed`);
  for (const [at, brought] of (log?.cosigned ?? []).entries()) {
    const tooMuch = tooMuchOf(brought.note);
    if (tooMuch !== null) problems.add(manifest, `log.cosigned[${at}].note has ${tooMuch}`);
    else if (at < MOST_COSIGNED && sizeOf(brought, log!) === null)
      problems.add(
        manifest,
        `its log is not shown to go on from a checkpoint that it says is co-signed: the log has forked`,
      );
  }
}

/** What a note says of that log; null where it says nothing of it. */
export function headIn(
  note: string,
  { origin: of }: Pick<NamedLog, 'origin'>,
): { readonly size: number; readonly root: string } | null {
  const [origin, size, root] = note.split('\n');
  if (origin !== of || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? '') || root?.length !== 44) return null;
  return { size: Number(size), root };
}

/** Null where the set's log does not go on from it. */
function sizeOf({ note, path }: Brought, log: NamedLog): number | null {
  const head = headIn(note, log);
  if (head === null) return null;
  const hashes = path.map((hash) => Buffer.from(hash, 'base64'));
  const older = { size: head.size, root: Buffer.from(head.root, 'base64') };
  return goesOn(older, { size: log.size, root: Buffer.from(log.root, 'base64') }, hashes) ? older.size : null;
}
