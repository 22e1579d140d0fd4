import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import {
  abandonCapsule,
  bookVerified,
  capsuleFiles,
  capsuleUnits,
  findCapsule,
  type CapsuleRow,
} from '../adapters/postgres/capsules';
import type { Database } from '../adapters/postgres/database';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';
import { capsuleFiles as names, type CapsuleManifestBody, type CapsuleReport } from '../domain/capsule';
import { UnitrailError } from '../domain/errors';
import { digestOf, inWorkFolder } from './make-capsule';

/** Written apart from what writes capsules. */
export type VerifyFiles = (folder: string, trusted: TrustedKeys) => Promise<CapsuleReport>;

/** Known here on another way than by the capsule. */
export interface TrustedKeys {
  /** By which manifests are signed, DER of the SubjectPublicKeyInfo in base64. */
  readonly publicKeys: readonly string[];
  /** By which checkpoints of the log are signed, or were before, `name+hash+key`. */
  readonly logKeys: readonly string[];
}

export interface VerifyCapsuleDeps {
  /** Another login than the one that removes. */
  readonly db: Database;
  readonly store: ContentStore;
  readonly workFolder: string;
  readonly verify: VerifyFiles;
  /** With the log that goes on now. */
  readonly trusted: TrustedKeys & { readonly logOrigin: string };
}

/** What is booked as the place of the copy that `retire` asks for. */
export const STORE_COPY = 'store';

/**
 * Reads the copy in the content store back as a whole: by the second reader, and against what the database has of each
 * unit. What is wrong stops the capsule, and nothing of it is removed here. Each run reads it anew: what an earlier one read
 * may have rotted since. One whose files are not what was booked, or whose proofs are of a log that is over, is given up, if
 * nothing of it has moved.
 * @throws UnitrailError CAPSULE_DAMAGED, NOT_ALLOWED (it is of another log, or was given up before), STORE_UNAVAILABLE
 */
export async function verifyCopy(
  deps: VerifyCapsuleDeps,
  id: string,
  run: string,
  signal?: AbortSignal,
): Promise<void> {
  const row = requireKept(await findCapsule(deps.db, id));
  if (row.verifiedIn.includes(run)) return;
  await requireThisLog(deps, row, run);
  await inWorkFolder(deps.workFolder, `${id}-read`, async (folder) => {
    const wrong = await fetchFiles(deps, id, folder, signal);
    if (wrong.length > 0) throw await givenUp(deps.db, id, run, wrong.join('; '));
    const report = await deps.verify(folder, deps.trusted);
    if (!report.ok)
      throw damaged(id, report.problems.map(({ where, what }) => `${where}: ${what}`).join('; '));
    requireSame(row, report);
    await compareUnits(deps.db, row, join(folder, names.events));
    const sha256 = digestOf(row.eventsManifest!);
    await bookVerified(deps.db, id, run, { place: STORE_COPY, sha256 });
  });
}

/** A log that begins anew, as after a restore, knows nothing of the checkpoints of the one before. */
async function requireThisLog(
  { db, trusted }: VerifyCapsuleDeps,
  { id, manifest }: CapsuleRow,
  run: string,
): Promise<void> {
  const { origin } = (JSON.parse(manifest!) as CapsuleManifestBody).log;
  if (origin === trusted.logOrigin) return;
  const message = `Its proofs are of the log ${origin}, and the one of this house is ${trusted.logOrigin} by now.`;
  const isGivenUp = await abandonCapsule(db, id, run, { code: 'NOT_ALLOWED', message });
  const outcome = isGivenUp
    ? `It was given up: ${NEXT_NUMBER}`
    : 'Units of it have moved: it stays as it is.';
  throw new UnitrailError('NOT_ALLOWED', `Capsule ${id}: ${message} ${outcome}`, { capsule: id });
}

/** What is not as it was booked. Where nothing at all is there, it is the store that is away. */
async function fetchFiles(
  { db, store }: VerifyCapsuleDeps,
  capsule: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const files = await capsuleFiles(db, capsule);
  const [wrong, missing] = [new Array<string>(), new Array<string>()];
  for (const { name, sha256 } of files) {
    signal?.throwIfAborted();
    const found = await fetchFile(store, sha256, join(folder, name));
    if (found === null) missing.push(`${name} is missing`);
    else if (found !== sha256) wrong.push(`${name} was changed: its SHA-256 is ${found}, not ${sha256}`);
  }
  if (missing.length < files.length) return [...wrong, ...missing];
  throw new UnitrailError(
    'STORE_UNAVAILABLE',
    `The content store has no file of capsule ${capsule}. Check that UNITRAIL_STORE is the folder that it was, and mounted.`,
    { capsule },
  );
}

/** The digest of what was copied; null where there is no such content. */
async function fetchFile(store: ContentStore, sha256: string, path: string): Promise<string | null> {
  const hash = createHash('sha256');
  async function* hashed(source: AsyncIterable<Buffer>) {
    for await (const piece of source) {
      hash.update(piece);
      yield piece;
    }
  }
  try {
    await pipeline(store.open(parseSha256Hex(sha256)), hashed, createWriteStream(path, { flags: 'wx' }));
  } catch (error) {
    if (error instanceof UnitrailError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
  return hash.digest('hex');
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

function requireSame({ id, manifest, records, events }: CapsuleRow, report: CapsuleReport): void {
  const wanted = { capsule: id, manifestSha256: digestOf(manifest!), records, events };
  const { capsule, manifestSha256, counts } = report;
  const found = { capsule, manifestSha256, records: counts.records, events: counts.events };
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  throw damaged(id, `it says ${JSON.stringify(found)}, and the database ${JSON.stringify(wanted)}`);
}

/** Each history ends where the database says, by number and hash, in the order of the capsule. */
async function compareUnits(db: Database, { id }: CapsuleRow, eventsPath: string): Promise<void> {
  const ends = historyEnds(eventsPath);
  for await (const page of capsuleUnits(db, id))
    for (const { unitId, serial, lastSeq, head } of page) {
      const { value: end } = await ends.next();
      const found = end && `${end.stream} ${end.seq} ${end.hash}`;
      if (found !== `unit:${unitId} ${lastSeq} ${head}`)
        throw damaged(id, `the history of unit ${serial} ends with ${found ?? 'nothing'}, not with ${head}`);
    }
  const more = await ends.next();
  if (more.value) throw damaged(id, `it holds ${more.value.stream}, which the database has not in it`);
}

interface HistoryEnd {
  readonly stream: string;
  readonly seq: number;
  readonly hash: string;
}

async function* historyEnds(path: string): AsyncGenerator<HistoryEnd, undefined> {
  let last: HistoryEnd | undefined;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const { header, hash } = JSON.parse(line) as { header: string; hash: string };
    const [, stream = '', seq] = header.split('|');
    if (last && last.stream !== stream) yield last;
    last = { stream, seq: Number(seq), hash };
  }
  if (last) yield last;
  return undefined;
}

export const NEXT_NUMBER = 'the next run puts its units into one of the next number.';
const RESTORE = 'Look at the disk, and put the store back from its backup.';

function damaged(capsule: string, what: string, advice = RESTORE): UnitrailError {
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
