import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkContent } from './contents';
import type { WitnessKey } from './cosignature';
import type { Keys } from './keys';
import { checkLog, CHECKPOINT, type ProvenLog } from './log';
import { checkProvingOutside, checkRoots, checkTelling } from './log-growth';
import { ENDING, readManifest, type ExportSet, type NamedFile } from './manifests';
import { Problems, type CheckedSet, type Report } from './report';
import { checkSequences, newestNotes } from './sequence';
import { checkWitnesses } from './witnesses';
import { amendedUnits, noteRecord, unitKey, type SealedHeads } from './sealed-heads';

export interface VerifyOptions {
  /** The keys that are trusted. Null: nothing can be said of who signed, and that is a problem. */
  readonly keys: Keys | null;
  /** The keys of the log, as `unitrail keys` prints them; empty: that of the manifests is taken, which are signed. */
  readonly logKeys?: readonly string[];
  /** The last export that was verified elsewhere, by its id or its manifest's SHA-256: the sets here may begin behind it. */
  readonly after?: string | null;
  /** Sets that tell of no log are taken for ones that were made before there was one. */
  readonly beforeLog?: boolean;
  /** Who has to have co-signed the log. */
  readonly witnesses?: readonly WitnessKey[];
  readonly onProgress?: (file: string) => void;
}

/**
 * Checks the exports in a folder: who signed, that nothing is missing or changed, and that the sequence has no hole. Asks
 * nobody: no server, no database, no network. Memory grows with the number of serials only.
 */
export async function verifyFolder(
  folder: string,
  { keys, logKeys = [], after = null, beforeLog = false, witnesses = [], onProgress }: VerifyOptions,
): Promise<Report> {
  const problems = new Problems();
  const names = (await readdir(folder)).sort();
  const sets: ExportSet[] = [];
  for (const name of names.filter((one) => one.endsWith(ENDING))) {
    const set = await readManifest(folder, name, keys, problems);
    if (set) sets.push(set);
  }
  if (sets.length === 0 && !names.some((one) => one.endsWith(ENDING)))
    problems.add(folder, 'there is no manifest: no export here is complete');
  checkSequences(sets, after, problems);
  checkRoots(sets, problems);
  checkProvingOutside(sets, problems);
  checkWitnesses(beforeLog ? sets.filter(({ log }) => log !== undefined) : sets, witnesses, problems);
  if (!beforeLog) checkTelling(sets, logKeys.length > 0, problems);
  checkStrays(names, sets, problems);
  problems.notes.push(...newestNotes(sets));
  const seen: SeenUnits = { exports: new Map(), heads: await amendedUnits(folder, sets) };
  for (const set of [...sets].sort((a, b) => (a.number ?? 0) - (b.number ?? 0)))
    await checkSet(folder, set, seen, problems, onProgress);
  const checked: CheckedSet[] = [];
  for (const set of sets)
    checked.push(checkedSet(set, await checkLog(folder, set, logKeys, seen.heads, problems)));
  problems.notes.push(...logNotes(sets, checked, logKeys));
  return problems.report(checked);
}

/** What is kept of the units of all sets. */
interface SeenUnits {
  /** Which export of the sequence has it. */
  readonly exports: Map<string, string>;
  /** Of those that were amended. */
  readonly heads: SealedHeads;
}

function checkedSet(
  { export: id, buyer, kind, number, counts, keyId }: ExportSet,
  log: ProvenLog | null,
): CheckedSet {
  const { units, amendments, numbers } = counts;
  return { export: id, buyer, kind, number, units, amendments, numbers, keyId, log };
}

/** What a verdict without a problem leaves open about the log. */
function logNotes(
  sets: readonly ExportSet[],
  checked: readonly CheckedSet[],
  logKeys: readonly string[],
): string[] {
  const unproven = checked.filter(({ units, log }) => units > 0 && !log?.proven);
  const notes = unproven.map(({ export: id }) => `no record of ${id} is proven to be in a log`);
  for (const kind of ['amendments', 'numbers'] as const)
    for (const { export: id, [kind]: count, log } of checked)
      if (count > 0 && log?.[kind] === 0) notes.push(`the ${kind} of ${id} are not proven to be in a log`);
  const told = new Set(sets.flatMap(({ log }) => (log ? [log.key] : [])));
  if (logKeys.length === 0)
    for (const key of told)
      notes.push(`the key of the log was taken from the manifest, and compared with none: ${key}`);
  return notes;
}

/** A file of an export that no manifest names: its manifest was removed, or the file was added. */
function checkStrays(names: readonly string[], sets: readonly ExportSet[], problems: Problems): void {
  const named = new Set(sets.flatMap(({ files }) => files.map(({ name }) => name)));
  for (const name of names) {
    if (named.has(name) || name.endsWith(ENDING)) continue;
    if (/\.(xlsx|csv|jsonl|checkpoint)$/.test(name)) problems.add(name, 'no manifest names this file');
    else problems.notes.push(`${name} belongs to no export`);
  }
}

async function checkSet(
  folder: string,
  set: ExportSet,
  seen: SeenUnits,
  problems: Problems,
  onProgress: VerifyOptions['onProgress'],
): Promise<void> {
  for (const file of set.files) {
    onProgress?.(file.name);
    if (!file.name.startsWith(`${set.base}.`))
      problems.add(file.name, `is no file of ${set.base}, which names it`);
    if (!(await checkBytes(folder, file, problems))) continue;
    await checkContent(folder, set, file, problems, (issuer, serial, record) => {
      const unit = unitKey(issuer, serial);
      noteRecord(seen.heads, unit, record, set.base);
      if (set.kind !== 'sequence') return;
      const other = seen.exports.get(unit);
      if (other !== undefined) problems.add(file.name, `unit ${serial} is in ${other} already`);
      seen.exports.set(unit, set.export);
    });
  }
  checkCounts(set, problems);
}

/** The manifest against itself: what its files hold is what it counts. */
function checkCounts({ manifest, base, counts, files }: ExportSet, problems: Problems): void {
  for (const { name, rows } of files) {
    if (name === `${base}${CHECKPOINT}`) continue;
    const part = /\.(amendments|numbers)\.(csv|jsonl)$/.exec(name.slice(base.length))?.[1] ?? 'units';
    const counted = counts[part as keyof typeof counts];
    if (rows !== counted) problems.add(manifest, `counts ${counted} ${part}, and ${rows} rows of ${name}`);
  }
}

/** False where there is nothing to be read. */
async function checkBytes(
  folder: string,
  { name, sizeBytes, sha256 }: NamedFile,
  problems: Problems,
): Promise<boolean> {
  const path = join(folder, name);
  const there = await lstat(path).catch(() => null);
  if (!there?.isFile()) {
    problems.add(name, there ? 'is no plain file' : 'is missing');
    return false;
  }
  if (there.size !== sizeBytes)
    problems.add(name, `has ${there.size} bytes, and the manifest says ${sizeBytes}`);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  const found = hash.digest('hex');
  if (found !== sha256)
    problems.add(name, `was changed: its SHA-256 is ${found}, and the manifest says ${sha256}`);
  return true;
}
