import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CapsuleReport } from '../../domain/capsule';
import { base64Of } from './bytes';
import { judgeNote, readCheckpoint, type ReadCheckpoint } from './checkpoint';
import { mapAt } from './documents';
import { nodeCrypto } from './files';
import { publicKeyOf, type CapsuleKeys } from './keys';
import {
  EVENTS_MANIFEST_FORMAT,
  MANIFEST_FORMAT,
  readManifest,
  type NamedFile,
  type ReadManifest,
} from './manifest';
import { Problems } from './problems';
import { verifyUnits, type Counted } from './verify-units';

const MANIFEST = 'manifest.json';
const EVENTS_MANIFEST = 'events.manifest.json';
const EVENTS = 'events.jsonl';
/** Without these there is nothing to go through. */
const unitFiles = ['records.jsonl', 'records.parquet', 'statements.jsonl', 'proofs.jsonl'];
const everyFile = [...unitFiles, 'checkpoint', 'schema.json', 'index.html', 'README.txt'];
const MOST_MANIFEST_BYTES = 1024 * 1024;

export interface VerifyCapsuleOptions {
  /** The keys that are trusted. Null: nothing can be said of who signed, and that is a problem. */
  readonly keys: CapsuleKeys | null;
  /** The log's keys that are trusted (`name+hash+key`), where they came on another way than the capsule. */
  readonly logKeys?: readonly string[];
  /** Called for each unit. */
  readonly onUnit?: () => void;
}

/**
 * Checks a capsule by code that shares nothing with what wrote it: who signed, that no file is missing or was changed,
 * that every row of the table is its line byte for byte, that all is in order, and that each proof leads to the
 * checkpoint. Where the manufacturer's own files are there, each history as well. Asks nobody, and changes nothing.
 */
export async function verifyCapsule(folder: string, options: VerifyCapsuleOptions): Promise<CapsuleReport> {
  const problems = new Problems();
  const names = new Set(await readdir(folder));
  const manifest = await manifestAt(folder, MANIFEST, MANIFEST_FORMAT, options, problems);
  const events = names.has(EVENTS_MANIFEST)
    ? await manifestAt(folder, EVENTS_MANIFEST, EVENTS_MANIFEST_FORMAT, options, problems)
    : null;
  if (manifest === null) return report(null, null, problems);
  const good = new Set<string>();
  for (const file of [...manifest.files, ...(events?.files ?? [])])
    if (await isReadable(folder, file, problems)) good.add(file.name);
  checkNames(names, manifest, events, problems);
  const head = good.has('checkpoint') ? await headAt(folder, manifest, options, problems) : null;
  const counted = unitFiles.every((name) => good.has(name))
    ? await verifyUnits({
        ...{ folder, about: manifest.facts, head, problems },
        withEvents: good.has(EVENTS),
        onUnit: options.onUnit ?? (() => {}),
      })
    : null;
  if (counted) checkCounts(manifest, events, counted, problems);
  return report(manifest, counted, problems);
}

function report(manifest: ReadManifest | null, counted: Counted | null, problems: Problems): CapsuleReport {
  const { records = 0, statements = 0, proofs = 0, events = 0 } = counted ?? {};
  return {
    ok: problems.found === 0,
    capsule: manifest === null ? null : String(manifest.facts.capsule),
    manifestSha256: manifest?.sha256 ?? null,
    keyId: manifest?.signature.keyId ?? null,
    counts: { records, statements, proofs, events },
    problems: problems.listed,
    found: problems.found,
    notes: problems.notes,
  };
}

async function manifestAt(
  folder: string,
  name: string,
  format: string,
  { keys }: VerifyCapsuleOptions,
  problems: Problems,
): Promise<ReadManifest | null> {
  const there = await lstat(join(folder, name)).catch(() => null);
  if (!there?.isFile() || there.size > MOST_MANIFEST_BYTES) {
    problems.add(name, there ? 'is no manifest' : 'is missing: no capsule here is complete');
    return null;
  }
  const read = readManifest(nodeCrypto, await readFile(join(folder, name), 'utf8'), format, keys);
  if ('wrong' in read) {
    problems.add(name, read.wrong);
    return null;
  }
  checkSignature(name, read, problems);
  return read;
}

function checkSignature(name: string, { facts, signature }: ReadManifest, problems: Problems): void {
  if (signature.verdict === 'ownKey')
    problems.add(
      name,
      `is signed by key ${signature.keyId}, and no key was given to compare it with (--key)`,
    );
  if (signature.verdict === 'bad' || signature.verdict === 'unknownKey') problems.add(name, signature.why);
  if (publicKeyOf(facts.publicKey) === null) problems.add(name, 'names no public key of Ed25519');
}

/** False where there is nothing to be read. A file that was changed is read all the same: it may say where. */
async function isReadable(folder: string, file: NamedFile, problems: Problems): Promise<boolean> {
  const { name, sizeBytes, sha256 } = file;
  const there = await lstat(join(folder, name)).catch(() => null);
  if (!there?.isFile()) {
    problems.add(name, there ? 'is no plain file' : 'is missing');
    return false;
  }
  if (there.size !== sizeBytes)
    problems.add(name, `has ${there.size} bytes, and the manifest says ${sizeBytes}`);
  const found = await digestOf(join(folder, name));
  if (found !== sha256)
    problems.add(name, `was changed: its SHA-256 is ${found}, and the manifest says ${sha256}`);
  return true;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function checkNames(
  names: ReadonlySet<string>,
  manifest: ReadManifest,
  events: ReadManifest | null,
  problems: Problems,
): void {
  const listed = new Set([...manifest.files, ...(events?.files ?? [])].map(({ name }) => name));
  for (const name of everyFile)
    if (!manifest.files.some((file) => file.name === name)) problems.add(MANIFEST, `does not name ${name}`);
  for (const name of names)
    if (!listed.has(name) && name !== MANIFEST && name !== EVENTS_MANIFEST)
      problems.add(name, 'no manifest names this file');
  if (events === null) return;
  if (!events.files.some(({ name }) => name === EVENTS))
    problems.add(EVENTS_MANIFEST, `does not name ${EVENTS}`);
  if (events.facts.manifestSha256 !== manifest.sha256 || events.facts.capsule !== manifest.facts.capsule)
    problems.add(EVENTS_MANIFEST, 'is of another capsule, or of another manifest of it');
}

/** Null where there is no head that proofs could lead to. */
async function headAt(
  folder: string,
  { facts }: ReadManifest,
  { logKeys = [] }: VerifyCapsuleOptions,
  problems: Problems,
): Promise<ReadCheckpoint | null> {
  const note = await readFile(join(folder, 'checkpoint'), 'utf8');
  const head = readCheckpoint(note);
  if (head === null) {
    problems.add('checkpoint', 'is no checkpoint');
    return null;
  }
  const { origin, size, root, verifierKey } = mapAt(facts, 'log');
  if (origin !== head.origin || size !== head.size || root !== base64Of(head.root))
    problems.add('checkpoint', 'is of another log, size or root than the manifest says');
  if (logKeys.length > 0 && !logKeys.includes(String(verifierKey)))
    problems.add(
      MANIFEST,
      `names ${String(verifierKey)} as the log's key, and given is ${logKeys.join(', ')}`,
    );
  const signed = judgeNote(nodeCrypto, note, String(verifierKey));
  if (signed === 'bad') problems.add('checkpoint', 'was changed after the log signed it');
  if (signed === 'missing') problems.add('checkpoint', 'is not signed by the log that the manifest names');
  return head;
}

function checkCounts(
  { facts, files }: ReadManifest,
  events: ReadManifest | null,
  counted: Counted,
  problems: Problems,
): void {
  const counts = mapAt(facts, 'counts');
  for (const kind of ['records', 'statements', 'proofs'] as const) {
    if (counts[kind] !== counted[kind])
      problems.add(MANIFEST, `counts ${String(counts[kind])} ${kind}, and there are ${counted[kind]}`);
    const rows = files.find(({ name }) => name === `${kind}.jsonl`)?.rows;
    if (rows !== counted[kind])
      problems.add(MANIFEST, `says ${rows} rows of ${kind}.jsonl, and there are ${counted[kind]}`);
  }
  for (const [name, found] of [
    ['firstSerial', counted.first],
    ['lastSerial', counted.last],
  ] as const)
    if (facts[name] !== found)
      problems.add(MANIFEST, `says ${name} ${String(facts[name])}, and it is ${String(found)}`);
  const told = events && mapAt(events.facts, 'counts');
  if (told && (told.events !== counted.events || told.units !== counted.units))
    problems.add(
      EVENTS_MANIFEST,
      `counts ${String(told.units)} units and ${String(told.events)} events, and there are ${counted.units} and ${counted.events}`,
    );
}
