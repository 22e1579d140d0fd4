import { createHash, createPublicKey, verify } from 'node:crypto';

/** Signed notes and checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint), read once more. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** In base64. */
  readonly root: string;
}

/** What the keys of logs look like, as `unitrail keys` prints them. */
const KEY = /(?<=^|[\s",])([^\s+",]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})(?=$|[\s",])/g;
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export function readLogKeys(text: string): string[] {
  return [...text.matchAll(KEY)].map(([key]) => key).filter((key) => publicKeyOf(key) !== null);
}

export interface NoCheckpoint {
  readonly wrong: string;
  /** It may be good: the key is none, or one of another log. */
  readonly isOfKey: boolean;
}

/** The checkpoint, or what is wrong with it. */
export function readCheckpoint(note: string, key: string): Checkpoint | NoCheckpoint {
  const split = note.lastIndexOf('\n\n');
  const [text, signatures] = [note.slice(0, split + 1), note.slice(split + 2)];
  const [origin, size, root] = text.split('\n');
  if (split < 0 || !origin || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? '') || root?.length !== 44)
    return { wrong: 'is no checkpoint of a log', isOfKey: false };
  const publicKey = publicKeyOf(key);
  if (!publicKey || publicKey.name !== origin)
    return { wrong: `names ${key}, which is no key of ${origin}`, isOfKey: true };
  const start = `\u2014 ${origin} `;
  const own = signatures
    .split('\n')
    .filter((line) => line.startsWith(start))
    .map((line) => Buffer.from(line.slice(start.length), 'base64'))
    .filter((bytes) => bytes.subarray(0, 4).toString('hex') === publicKey.id);
  const good = own.some((bytes) => verify(null, Buffer.from(text), publicKey.key, bytes.subarray(4)));
  return good
    ? { origin, size: Number(size), root }
    : { wrong: `its signature by ${origin}+${publicKey.id} does not hold`, isOfKey: false };
}

function publicKeyOf(text: string) {
  const [, name, id, base64] = new RegExp(`^${KEY.source}$`).exec(text) ?? [];
  if (name === undefined || base64 === undefined) return null;
  const bytes = Buffer.from(base64, 'base64');
  const digest = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex');
  if (bytes.length !== 33 || bytes[0] !== 1 || digest.slice(0, 8) !== id) return null;
  const der = Buffer.concat([SPKI, bytes.subarray(1)]);
  return { name, id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}
