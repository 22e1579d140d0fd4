import { cosignedAt, type WitnessKey } from './cosignature';
import type { ExportSet, NamedLog } from './manifests';
import { goesOn } from './merkle';
import type { Problems } from './report';

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
  for (const witness of witnesses) {
    const seen = new Map(sets.map((set) => [set, seenBy(set, witness, problems)]));
    checkShrinking(sets, seen, witness, problems);
    for (const set of sets) {
      const all = [set, ...followersOf(set, sets)].flatMap((one) => seen.get(one) ?? []);
      tell(set, witness, all.sort((a, b) => b.size - a.size)[0], problems);
    }
  }
}

/** From one export to the next the newest one of a witness is brought: an older one hides that it has seen more. */
function checkShrinking(
  sets: readonly ExportSet[],
  seen: ReadonlyMap<ExportSet, Seen | null>,
  { name, id }: WitnessKey,
  problems: Problems,
): void {
  for (const set of sets) {
    const before = seen.get(set)?.size ?? -1;
    const older = followersOf(set, sets).find((later) => (seen.get(later)?.size ?? before) < before);
    if (older)
      problems.add(
        older.manifest,
        `brings checkpoint ${seen.get(older)!.size} as the newest that ${name}+${id} has co-signed, and ${set.export}, an export before it, brings ${before}`,
      );
  }
}

function tell(
  { manifest, export: id, log }: ExportSet,
  witness: WitnessKey,
  seen: Seen | undefined,
  problems: Problems,
): void {
  const name = `${witness.name}+${witness.id}`;
  if (log === undefined) return problems.add(manifest, `tells of no log that ${name} could have co-signed`);
  if (!seen)
    return problems.add(manifest, `nothing that its log ${log.origin} goes on from is co-signed by ${name}`);
  if (seen.size < log.size)
    problems.notes.push(
      `${name} has co-signed the log of ${id} up to ${seen.size} of its ${log.size} leaves, at ${new Date(seen.at * 1000).toISOString()}`,
    );
}

/** Those of the same buyer's sequence and log, the next one first: their logs go on from that of the set, or that is told. */
function followersOf({ kind, buyer, number, log }: ExportSet, sets: readonly ExportSet[]): ExportSet[] {
  if (kind !== 'sequence' || number === null) return [];
  return sets
    .filter((one) => one.kind === 'sequence' && one.buyer === buyer && one.log?.origin === log?.origin)
    .filter((one) => (one.number ?? 0) > number)
    .sort((a, b) => a.number! - b.number!);
}

/** The largest one. */
function seenBy({ manifest, log }: ExportSet, witness: WitnessKey, problems: Problems): Seen | null {
  let seen: Seen | null = null;
  for (const { note } of log?.cosigned ?? []) {
    const at = cosignedAt(note, witness);
    if (at === 'bad')
      problems.add(manifest, `the co-signature by ${witness.name}+${witness.id} does not hold`);
    const size = sizeOf(note, log!);
    if (typeof at === 'number' && size !== null && size > (seen?.size ?? -1)) seen = { size, at };
  }
  return seen;
}

function checkBrought({ manifest, log }: ExportSet, problems: Problems): void {
  for (const { note } of log?.cosigned ?? [])
    if (sizeOf(note, log!) === null)
      problems.add(
        manifest,
        `its log is not shown to go on from a checkpoint that it says is co-signed: the log has forked`,
      );
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
function sizeOf(note: string, log: NamedLog): number | null {
  const path = log.cosigned!.find((one) => one.note === note)!.path;
  const head = headIn(note, log);
  if (head === null) return null;
  const hashes = path.map((hash) => Buffer.from(hash, 'base64'));
  const older = { size: head.size, root: Buffer.from(head.root, 'base64') };
  return goesOn(older, { size: log.size, root: Buffer.from(log.root, 'base64') }, hashes) ? older.size : null;
}
