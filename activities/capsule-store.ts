import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sharedContents } from '../adapters/capsule/shared-contents';
import {
  abandonCapsule,
  capsuleFiles,
  type CapsuleFileRow,
  type CapsuleRow,
} from '../adapters/postgres/capsules';
import type { Database } from '../adapters/postgres/database';
import { checkpointNote } from '../adapters/postgres/log';
import { hashedPieces } from '../adapters/store/hashed-pieces';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';
import type { CapsuleManifestBody } from '../domain/capsule';
import { UnitrailError } from '../domain/errors';
import { digestOf } from './make-capsule';

export interface CapsuleStoreDeps {
  /** The office's. */
  readonly db: Database;
  readonly store: ContentStore;
  readonly workFolder: string;
}

/** What only this capsule has. All others are the same in many: they are there although a share is not mounted, once one was made. */
const ownRoles: ReadonlySet<string> = new Set(['manifest', 'eventsManifest', 'readme', 'records', 'events']);

/**
 * Reads every file of it in the content store, and copies them into the folder where one is given. What a second copy has is
 * mended, and so is what many capsules share and this program can write; where anything else is not what was booked, the
 * capsule is given up, if nothing of it has moved.
 * @throws UnitrailError CAPSULE_DAMAGED, STORE_UNAVAILABLE
 */
export async function requireWhole(
  deps: CapsuleStoreDeps,
  row: CapsuleRow,
  run: string,
  { folder = null, signal }: { readonly folder?: string | null; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const pathOf = ({ name }: CapsuleFileRow) => (folder === null ? null : join(folder, name));
  const isOwn = ({ role, sizeBytes }: CapsuleFileRow) => ownRoles.has(role) && sizeBytes > 0;
  const files = await capsuleFiles(deps.db, row.id);
  const bad: { readonly file: CapsuleFileRow; readonly found: string | null }[] = [];
  for (const file of files) {
    signal?.throwIfAborted();
    const found = await readWhole(deps, file.sha256, pathOf(file));
    if (found !== file.sha256) bad.push({ file, found });
  }
  const missing = bad.filter(({ file, found }) => found === null && isOwn(file));
  if (missing.length > 0 && missing.length === files.filter(isOwn).length) throw storeAway(row.id);
  const wrong: string[] = [];
  for (const { file, found } of bad)
    if (!(await isMended(deps, row, file, pathOf(file)))) wrong.push(wrongText(file, found));
  if (wrong.length > 0) throw await givenUp(deps.db, row.id, run, wrong.join('; '));
}

function wrongText({ name, sha256 }: CapsuleFileRow, found: string | null): string {
  return found === null
    ? `${name} is missing`
    : `${name} was changed: its SHA-256 is ${found}, not ${sha256}`;
}

/** As `readFrom`, once more where the store could mend what was read. */
async function readWhole(
  { store, workFolder }: CapsuleStoreDeps,
  sha256: string,
  path: string | null,
): Promise<string | null> {
  const found = await readFrom(store, sha256, path);
  if (found === sha256 || !(await store.makeWhole(parseSha256Hex(sha256), workFolder))) return found;
  return readFrom(store, sha256, path);
}

/** Into the path, if one is given. The digest of what was read; null where there is no such content. */
async function readFrom(store: ContentStore, sha256: string, path: string | null): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    const into = path === null ? nowhere() : createWriteStream(path);
    await pipeline(hashedPieces(store.open(parseSha256Hex(sha256)), hash), into);
  } catch (error) {
    if (error instanceof UnitrailError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
  return hash.digest('hex');
}

const nowhere = (): Writable => new Writable({ write: (_piece, _encoding, done) => done() });

/** One bad file that all capsules have would be the end of each of them. Its bytes are known without the store. */
async function isMended(
  { db, store }: CapsuleStoreDeps,
  { manifest }: CapsuleRow,
  { sha256 }: CapsuleFileRow,
  path: string | null,
): Promise<boolean> {
  const { log } = JSON.parse(manifest!) as CapsuleManifestBody;
  const texts = [...(await sharedContents()), await checkpointNote(db, log.origin, log.size)];
  const text = texts.find((one) => one !== null && digestOf(one) === sha256);
  if (text === undefined || text === null) return false;
  await store.put(Buffer.from(text));
  return (await readFrom(store, sha256, path)) === sha256;
}

function storeAway(capsule: string): UnitrailError {
  return new UnitrailError(
    'STORE_UNAVAILABLE',
    `The content store has none of the files that only capsule ${capsule} has. Check that UNITRAIL_STORE is the folder that it was, and mounted.`,
    { capsule },
  );
}

/** Nothing of it has moved: its units go into a further one. Otherwise nothing but a backup of the store has their bytes. */
async function givenUp(db: Database, id: string, run: string, what: string): Promise<UnitrailError> {
  const isGivenUp = await abandonCapsule(db, id, run, { code: 'CAPSULE_DAMAGED', message: what });
  return damaged(
    id,
    what,
    isGivenUp ? `The capsule was given up: ${NEXT_NUMBER} Look at the disk.` : RESTORE,
  );
}

export const NEXT_NUMBER = 'the next run puts its units into one of the next number.';
const RESTORE = 'Look at the disk, and put the store back from its backup.';

export function damaged(capsule: string, what: string, advice = RESTORE): UnitrailError {
  return new UnitrailError(
    'CAPSULE_DAMAGED',
    `Capsule ${capsule} in the content store is not what it should be: ${what}. Nothing more of it is removed from the database. ${advice}`,
    { capsule },
  );
}

/** Another run may have given it up in the meantime. */
export function requireKept(row: CapsuleRow): CapsuleRow {
  if (row.state !== 'abandoned') return row;
  throw new UnitrailError('NOT_ALLOWED', `Capsule ${row.id} was given up: ${NEXT_NUMBER}`, {
    capsule: row.id,
  });
}
