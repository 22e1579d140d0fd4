import type { ExportSet, NamedLog } from './manifests';
import { goesOn } from './merkle';
import type { Problems } from './report';
import { headIn } from './witnesses';

interface ToldHead {
  readonly size: number;
  readonly root: string;
}

/** The sets of a buyer's sequence, in its order: a log only grows, or two buyers are told two histories. */
export function checkGrowth(ordered: readonly ExportSet[], problems: Problems): void {
  ordered.forEach((set, at) => {
    if (set.log === undefined) return checkSilence(set, ordered.slice(0, at), problems);
    // With one missing between them, nothing is said of how one goes on from the other.
    checkProving(set, ordered.slice(0, at), problems);
    const before = ordered[at - 1];
    const isNext = before !== undefined && set.number !== null && before.number === set.number - 1;
    checkStep(set, isNext ? before : undefined, problems);
  });
}

function checkSilence({ manifest }: ExportSet, earlier: readonly ExportSet[], problems: Problems): void {
  const told = earlier.filter(({ log }) => log !== undefined).at(-1);
  if (told)
    problems.add(
      manifest,
      `tells of no log, and ${told.export}, an export before it, is in ${told.log!.origin}`,
    );
}

/** What was proven once is proven in every export that follows: otherwise whoever has the export key could leave it out. */
function checkProving({ manifest, log }: ExportSet, earlier: readonly ExportSet[], problems: Problems): void {
  const before = earlier.filter((one) => one.log?.proves !== undefined).at(-1);
  for (const kind of before?.log?.proves ?? [])
    if (!log!.proves?.includes(kind))
      problems.add(manifest, `proves no ${kind}, and ${before!.export}, an export before it, does`);
}

function checkStep(
  { manifest, log, number }: ExportSet,
  before: ExportSet | undefined,
  problems: Problems,
): void {
  const { consistency } = log!;
  const older = before?.log;
  if (older && log!.origin !== older.origin)
    return problems.add(
      manifest,
      `is in another log: ${log!.origin}, and the export before it in ${older.origin}`,
    );
  if (older && !consistency)
    return problems.add(manifest, 'does not show that its log goes on from the checkpoint before it');
  if (!consistency) return;
  const { from, path } = consistency;
  if (older && (from.size !== older.size || from.root !== older.root))
    return problems.add(
      manifest,
      `its log goes on from checkpoint ${from.size} (${from.root}), and the export before it has ${older.size} (${older.root}): the log has forked`,
    );
  if (!before && number !== 1)
    problems.notes.push(
      `${manifest}: its log goes on from checkpoint ${from.size} (${from.root}). Whether the export before it has that one is not checked: it is not here`,
    );
  const hashes = path.map((hash) => Buffer.from(hash, 'base64'));
  if (!goesOn(headOf(from), headOf(log!), hashes))
    problems.add(
      manifest,
      `its checkpoint ${log!.size} is not the one that goes on from checkpoint ${from.size}: the log has forked`,
    );
}

const headOf = ({ size, root }: ToldHead) => ({ size, root: Buffer.from(root, 'base64') });

/** Of all sets, whoever's they are and whatever kind: a log has one root at each size. */
export function checkRoots(sets: readonly ExportSet[], problems: Problems): void {
  const known = new Map<string, { readonly root: string; readonly manifest: string }>();
  for (const { log, manifest } of sets) {
    if (log === undefined) continue;
    const cosigned = (log.cosigned ?? []).flatMap(({ note }) => headIn(note, log) ?? []);
    for (const { size, root } of [log, ...(log.consistency ? [log.consistency.from] : []), ...cosigned]) {
      const place = `checkpoint ${size} of ${log.origin}`;
      const first = known.get(place) ?? { root, manifest };
      known.set(place, first);
      if (first.root !== root)
        problems.add(
          manifest,
          `has ${place} with root ${root}, and ${first.manifest} has it with ${first.root}: the log has forked`,
        );
    }
  }
}

/**
 * What is outside of the sequences proves what they prove. By its checkpoint it was made before or after them: from before exports
 * had these proofs there may be some without them.
 */
export function checkProvingOutside(sets: readonly ExportSet[], problems: Problems): void {
  const proving = sets.filter(({ kind, log }) => kind === 'sequence' && log?.proves !== undefined);
  for (const { kind: of, log, manifest, buyer } of sets) {
    if (of === 'sequence' || log === undefined) continue;
    const before = proving.find((one) => one.buyer === buyer && isBefore(one.log!, log));
    for (const kind of before?.log?.proves ?? [])
      if (!log.proves?.includes(kind))
        problems.add(
          manifest,
          `proves no ${kind}, and ${before!.export}, an export of the sequence before it, does`,
        );
  }
}

const isBefore = (one: NamedLog, other: NamedLog): boolean =>
  one.origin === other.origin && one.size < other.size;

/** Who leaves the log out of a manifest must not be let off: with its keys at hand, each set is expected to tell of it. */
export function checkTelling(sets: readonly ExportSet[], hasKeys: boolean, problems: Problems): void {
  const telling = new Set(sets.filter(({ log }) => log !== undefined).map(({ buyer }) => buyer));
  for (const { log, manifest, buyer, kind } of sets) {
    if (log !== undefined) continue;
    if (kind !== 'sequence' && telling.has(buyer))
      problems.add(manifest, `tells of no log, and other exports of ${buyer} do. ${ALLOW}`);
    else if (hasKeys) problems.add(manifest, `tells of no log, and the keys of one were given. ${ALLOW}`);
  }
}

const ALLOW = 'Only where it was made before there was a log: --before-log';
