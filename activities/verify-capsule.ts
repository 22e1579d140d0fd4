import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  abandonCapsule,
  bookVerified,
  capsuleUnits,
  findCapsule,
  type CapsuleRow,
} from '../adapters/postgres/capsules';
import type { Database } from '../adapters/postgres/database';
import { bookedCheckpoint } from '../adapters/postgres/log';
import type { ContentStore } from '../adapters/store/port';
import { capsuleFiles as names, type CapsuleManifestBody, type CapsuleReport } from '../domain/capsule';
import { UnitrailError } from '../domain/errors';
import { damaged, NEXT_NUMBER, requireKept, requireWhole } from './capsule-store';
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
  const row = requireMade(await findCapsule(deps.db, id));
  if (row.verifiedIn.includes(run)) return;
  await requireThisLog(deps, row, run);
  await inWorkFolder(deps.workFolder, `${id}-read`, async (folder) => {
    await requireWhole(deps, row, run, { folder, signal });
    const report = await deps.verify(folder, deps.trusted);
    if (!report.ok)
      throw damaged(id, report.problems.map(({ where, what }) => `${where}: ${what}`).join('; '));
    requireSame(row, report);
    await compareUnits(deps.db, row, join(folder, names.events));
    const sha256 = digestOf(row.eventsManifest!);
    await bookVerified(deps.db, id, run, { place: STORE_COPY, sha256 });
  });
}

/**
 * A log that begins anew, as after a restore, knows nothing of the checkpoints of the one before. That it has begun is known by its
 * first checkpoint, which is booked here: a plant file alone may have a slip of the pen in it. What has moved in part stays as it
 * is, and is read back by the key of its own log.
 */
async function requireThisLog(
  { db, trusted }: VerifyCapsuleDeps,
  { id, manifest, hasMoved }: CapsuleRow,
  run: string,
): Promise<void> {
  const { origin, verifierKey } = (JSON.parse(manifest!) as CapsuleManifestBody).log;
  const { logOrigin } = trusted;
  if (origin === logOrigin) return;
  const message = `Its proofs are of the log ${origin}, and the one of this house is ${logOrigin} by now.`;
  if ((await bookedCheckpoint(db, logOrigin)) === null) throw noSuchLog(id, message, logOrigin);
  if (hasMoved && trusted.logKeys.includes(verifierKey) && (await bookedCheckpoint(db, origin))) return;
  const isGivenUp = await abandonCapsule(db, id, run, { code: 'NOT_ALLOWED', message });
  const outcome = isGivenUp
    ? `It was given up: ${NEXT_NUMBER}`
    : 'Units of it have moved: it stays as it is, and is read back once UNITRAIL_LOG_KEYS_BEFORE names the key of that log.';
  throw new UnitrailError('NOT_ALLOWED', `Capsule ${id}: ${message} ${outcome}`, { capsule: id });
}

function noSuchLog(capsule: string, message: string, logOrigin: string): UnitrailError {
  return new UnitrailError(
    'CONFIGURATION_INVALID',
    `Capsule ${capsule}: ${message} No checkpoint of ${logOrigin} was ever signed. Check manufacturer.logOrigin in the plant file; where another log is to be begun, it begins with its first checkpoint. Nothing was given up.`,
    { capsule, logOrigin },
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

function requireMade(row: CapsuleRow): CapsuleRow {
  if (row.state !== 'planned') return requireKept(row);
  throw new UnitrailError(
    'NOT_ALLOWED',
    `Capsule ${row.id} is planned only: its files are still to be made.`,
    {
      capsule: row.id,
    },
  );
}
