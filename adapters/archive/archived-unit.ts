import { createHash } from 'node:crypto';
import { UnitrailError } from '../../domain/errors';
import type { ByteSource } from '../capsule-reader/bytes';
import { openCapsule, type CapsuleSeal, type CapsuleSources } from '../capsule-reader/capsule';
import { nodeCrypto } from '../capsule-reader/files';
import type { ProofVerdict } from '../capsule-reader/inclusion';
import { linesOf } from '../capsule-reader/sorted-lines';
import type { Database } from '../postgres/database';
import { mapped } from '../postgres/errors';
import type { ArchivePlace } from '../postgres/located-unit';
import type { MovedBytes, MovedEvent } from '../postgres/moved-bytes';
import type { ContentStore } from '../store/port';
import { storeSource } from './store-source';

/** What a capsule holds of one unit, compared with what the database knows of it. */
export interface ArchivedUnit extends MovedBytes {
  readonly capsule: string;
  /** Null without a record. */
  readonly proof: ProofVerdict | null;
  readonly log: CapsuleSeal['log'];
}

/**
 * Reads the unit from the capsule in the content store: some twenty small readings of each file.
 * @throws UnitrailError NOT_FOUND where the capsule was erased, CAPSULE_DAMAGED where it holds something else than was moved
 */
export async function readArchived(
  db: Database,
  store: ContentStore,
  { issuer, serial }: { readonly issuer: string; readonly serial: string },
  place: ArchivePlace,
): Promise<ArchivedUnit> {
  if (place.erasedAt !== null) throw goneWith('record', serial, place);
  const files = await filesOf(db, store, place.capsule);
  const capsule = await openCapsule(files as CapsuleSources, nodeCrypto, null);
  const found = (await capsule.find(serial)).find((unit) => unit.issuer === issuer);
  const record = found?.record ?? null;
  if (sha256Of(record?.document ?? null) !== place.recordSha256)
    throw damaged(place, `its record of ${serial} is not the one that was sealed`);
  const events = await eventsOf(files.events, { issuer, serial }, place);
  return {
    ...{ capsule: place.capsule, events },
    record: record && { text: record.document, sha256: place.recordSha256! },
    ...{ proof: record?.proof ?? null, log: capsule.seal.log },
  };
}

/** Of what was erased with its capsule. */
export function goneWith(what: string, serial: string, place: ArchivePlace): UnitrailError {
  const { capsule, erasedAt } = place;
  if (what === 'record' && place.recordSha256 === null)
    return new UnitrailError('NOT_FOUND', `Unit ${serial} was never sealed: it had no record.`, { capsule });
  const day = erasedAt?.toISOString().slice(0, 10);
  return new UnitrailError(
    'NOT_FOUND',
    `Unit ${serial} has no ${what} any more: its capsule, ${capsule}, was erased on ${day}, at the end of its time. \`unitrail unit show ${serial}\` shows what stays.`,
    { capsule },
  );
}

async function filesOf(
  db: Database,
  store: ContentStore,
  capsule: string,
): Promise<Readonly<Record<string, ByteSource | undefined>>> {
  const answer = await mapped(
    db.raw<{ rows: { role: string; name: string; sha256: string; sizeBytes: number }[] }>(
      'select role, name, sha256, size_bytes::float8 as "sizeBytes" from capsule_files where capsule_id = ?',
      [capsule],
    ),
  );
  return Object.fromEntries(answer.rows.map((file) => [file.role, storeSource(store, file)]));
}

/** The chain has to lead to the head that the database kept. */
async function eventsOf(
  file: ByteSource | undefined,
  { issuer, serial }: { issuer: string; serial: string },
  place: ArchivePlace,
): Promise<MovedEvent[]> {
  if (!file) throw damaged(place, 'the file of its events is not on record');
  const lines = (await linesOf(file, serial)).filter(({ facts }) => facts.issuer === issuer);
  let head: Buffer = Buffer.alloc(32);
  const events = lines.map(({ facts }) => {
    const [header, body] = [String(facts.header), String(facts.body)];
    head = digest(Buffer.concat([head, digest(header), digest(body)]));
    const [, , seq, type, , , at] = header.split('|');
    return { seq: Number(seq), type: type ?? '?', at: new Date(at ?? ''), header, body };
  });
  if (head.toString('hex') !== place.head || events.length !== place.lastSeq)
    throw damaged(place, `its history of ${serial} is not the one that was moved`);
  return events;
}

function damaged({ capsule }: ArchivePlace, what: string): UnitrailError {
  return new UnitrailError(
    'CAPSULE_DAMAGED',
    `Capsule ${capsule} is not what it was: ${what}. \`unitrail audit\` says more.`,
    { capsule },
  );
}

function sha256Of(text: string | null): string | null {
  return text === null ? null : digest(text).toString('hex');
}

function digest(bytes: string | Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
