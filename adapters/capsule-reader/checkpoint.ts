import { bytesOf, fromBase64, hexOf, joined, type ReaderCrypto } from './bytes';
import type { LogHead } from './inclusion';

/** A checkpoint (c2sp.org/tlog-checkpoint), read by the reader's own code. */
export interface ReadCheckpoint extends LogHead {
  readonly origin: string;
}

export type NoteVerdict = 'good' | 'bad' | 'missing';

interface Note {
  /** What is signed, with its last line feed. */
  readonly text: string;
  readonly signatures: readonly string[];
}

const ED25519 = Uint8Array.of(1);
const KEY_ID_BYTES = 4;

/** Null where it is none. */
export function readCheckpoint(note: string): ReadCheckpoint | null {
  const [origin, size, root] = noteOf(note)?.text.split('\n') ?? [];
  const hash = fromBase64(root);
  if (!origin || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? '') || hash?.length !== 32) return null;
  return { origin, size: Number(size), root: hash };
}

/** Whether the log of this key (`name+hash+key`) signed the note: other signatures say nothing. */
export function judgeNote(crypto: ReaderCrypto, note: string, verifierKey: string): NoteVerdict {
  const key = noteKeyOf(crypto, verifierKey);
  const read = noteOf(note);
  if (key === null || read === null) return 'missing';
  const own = read.signatures.flatMap((line) => signatureOf(line, key.name, key.id));
  if (own.length === 0) return 'missing';
  const isGood = own.every((signature) => crypto.isSigned(key.publicKey, bytesOf(read.text), signature));
  return isGood ? 'good' : 'bad';
}

function noteOf(note: string): Note | null {
  const end = note.lastIndexOf('\n\n');
  if (end < 1 || !note.endsWith('\n')) return null;
  return { text: note.slice(0, end + 1), signatures: note.slice(end + 2, -1).split('\n') };
}

function signatureOf(line: string, name: string, id: string): Uint8Array[] {
  const [dash, signer, body, ...more] = line.split(' ');
  if (dash !== '\u2014' || signer !== name || more.length > 0) return [];
  const bytes = fromBase64(body);
  if (bytes === null || hexOf(bytes.subarray(0, KEY_ID_BYTES)) !== id) return [];
  return [bytes.subarray(KEY_ID_BYTES)];
}

function noteKeyOf(
  { sha256 }: ReaderCrypto,
  text: string,
): { name: string; id: string; publicKey: Uint8Array } | null {
  const parts = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  const bytes = fromBase64(parts?.[3]);
  if (!parts || bytes?.length !== 33 || bytes[0] !== ED25519[0]) return null;
  const [name, id] = [parts[1]!, parts[2]!];
  const own = hexOf(sha256(joined(bytesOf(`${name}\n`), bytes)).subarray(0, KEY_ID_BYTES));
  return own === id ? { name, id, publicKey: bytes.subarray(1) } : null;
}
