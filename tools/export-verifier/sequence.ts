import { checkGrowth } from './log-growth';
import type { ExportSet } from './manifests';
import type { Problems } from './report';

/** A buyer's exports are numbered without a hole, and each names the one before it by its digest. */
export function checkSequences(sets: readonly ExportSet[], after: string | null, problems: Problems): void {
  const known = new Map<string, ExportSet>();
  for (const set of sets) {
    const other = known.get(set.export);
    if (other) problems.add(set.manifest, `is of export ${set.export}, as ${other.manifest} is`);
    known.set(set.export, set);
  }
  for (const buyer of new Set(sets.map((set) => set.buyer)))
    checkSequence(
      sets.filter((set) => set.buyer === buyer && set.kind === 'sequence'),
      after,
      problems,
    );
  for (const set of sets) checkOutside(set, known, problems);
}

function checkSequence(sets: readonly ExportSet[], after: string | null, problems: Problems): void {
  const ordered = [...sets].sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
  ordered.forEach((set, at) => checkPredecessor(set, ordered[at - 1], after, problems));
  checkGrowth(ordered, problems);
}

function checkPredecessor(
  set: ExportSet,
  before: ExportSet | undefined,
  after: string | null,
  problems: Problems,
): void {
  const { manifest, number, predecessor } = set;
  if (number === null || number < 1) return problems.add(manifest, 'has no number in its sequence');
  if (number === 1) {
    if (predecessor !== null)
      problems.add(manifest, `is the first export, and names ${predecessor.export} before it`);
    return;
  }
  if (predecessor === null)
    return problems.add(manifest, `is export no. ${number}, and names none before it`);
  if (before?.number !== number - 1) {
    if (before === undefined && isNamed(predecessor, after)) return;
    const hole = before ? `: after no. ${before.number} comes no. ${number}` : '';
    return problems.add(manifest, `its predecessor ${predecessor.export} is not here${hole}`);
  }
  if (predecessor.export !== before.export)
    return problems.add(
      manifest,
      `names ${predecessor.export} before it, and no. ${before.number} is ${before.export}`,
    );
  if (predecessor.manifestSha256 !== before.sha256)
    problems.add(
      manifest,
      `names another manifest of ${before.export} than ${before.manifest}: that one was changed`,
    );
}

/** By its id, or by the digest of its manifest, which says besides that it is the very one. */
function isNamed(predecessor: NonNullable<ExportSet['predecessor']>, after: string | null): boolean {
  return predecessor.export === after || predecessor.manifestSha256 === after?.toLowerCase();
}

/** Files can't show that there are no newer ones. */
export function newestNotes(sets: readonly ExportSet[]): string[] {
  const newest = new Map<string, ExportSet>();
  for (const set of sets.filter(({ kind }) => kind === 'sequence'))
    if ((newest.get(set.buyer)?.number ?? 0) < (set.number ?? 0)) newest.set(set.buyer, set);
  return [...newest.values()].map(
    ({ export: id, sha256 }) =>
      `nothing newer than ${id} is here, and the files can't tell whether there is. Next time: --after ${sha256}`,
  );
}

/** What a reissue tells byte for byte as its original did. */
const sameLines = ['records', 'amendments', 'numbers'] as const;

/** A reissue tells what its original told: the same sealed records, and the same of what was said later. */
function checkOutside(set: ExportSet, known: ReadonlyMap<string, ExportSet>, problems: Problems): void {
  if (set.kind === 'sequence') return;
  if (set.number !== null || set.predecessor !== null)
    problems.add(set.manifest, `is a ${set.kind}, and has a place in the sequence`);
  const original = known.get(set.reissueOf ?? '');
  if (!original) return;
  for (const kind of sameLines) {
    const digestOf = ({ base, files }: ExportSet): string | undefined =>
      files.find(({ name }) => name === `${base}.${kind}.jsonl`)?.sha256;
    const [one, other] = [digestOf(set), digestOf(original)];
    if (one !== undefined && other !== undefined && one !== other)
      problems.add(set.manifest, `issues ${original.export} again, and holds other ${kind}`);
  }
}
