/**
 * Signed notes (c2sp.org/signed-note): a text, and lines that sign it. The cryptography is handed in.
 *
 *   <text, one line or more>
 *
 *   — <key name> <base64 of 4 bytes key id and the signature>
 */
import { fromBase64, fromHex, joinBytes, toBase64, toHex, utf8 } from './bytes';

export interface SignedNote {
  /** What is signed, with its final line feed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  readonly name: string;
  /** The first four bytes of a digest of name and key, as eight hex digits. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** A public key as it is handed out: `<name>+<key id>+<base64 of the algorithm's byte and 32 bytes of Ed25519>`. */
export interface NoteKey {
  readonly name: string;
  readonly keyId: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** One that has signed a note: null where its signature does not hold. */
export type NoteVerdict = 'good' | 'bad' | 'missing';

type Sha256 = (bytes: Uint8Array) => Uint8Array;

const ED25519 = 1;
/** Of witnesses, whose signatures have a time (c2sp.org/tlog-cosignature). */
export const COSIGNATURE = 4;
type KeyType = typeof ED25519 | typeof COSIGNATURE;
const MOST_BYTES = 1_000_000;
/** So many signatures, of so many characters, has a note that is handed in: that of the log, and those of its witnesses. */
export const MOST_SIGNATURES = 64;
export const MOST_LINE = 1_000;
const DASH = '\u2014 ';

/** @throws RangeError where the name is none that a note can hold. */
export function noteKey(
  name: string,
  publicKey: Uint8Array,
  sha256: Sha256,
  type: KeyType = ED25519,
): NoteKey {
  if (!isNoteName(name)) throw new RangeError('a key name has no spaces and no plus sign');
  const told = joinBytes(utf8(`${name}\n`), Uint8Array.of(type), publicKey);
  return { name, publicKey, keyId: toHex(sha256(told).subarray(0, 4)) };
}

export function noteKeyText({ name, keyId, publicKey }: NoteKey): string {
  return `${name}+${keyId}+${toBase64(joinBytes(Uint8Array.of(ED25519), publicKey))}`;
}

/** Null where the text is no key of that type, or its id is not its own. */
export function parseNoteKey(text: string, sha256: Sha256, type: KeyType = ED25519): NoteKey | null {
  // The key's base64 may hold plus signs as well: only the first two part.
  const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  if (!parts || !isNoteName(parts[1]!)) return null;
  const bytes = fromBase64(parts[3]!);
  if (bytes?.length !== 33 || bytes[0] !== type) return null;
  const key = noteKey(parts[1]!, bytes.subarray(1), sha256, type);
  return key.keyId === parts[2] ? key : null;
}

export function formatNote(
  text: string,
  key: Pick<NoteKey, 'name' | 'keyId'>,
  signature: Uint8Array,
): string {
  if (!text.endsWith('\n')) throw new RangeError('the text of a note ends with a line feed');
  return `${text}\n${signatureLine(key, signature)}\n`;
}

/** Null where it is no signed note. Nothing is verified yet. */
export function parseNote(note: string): SignedNote | null {
  const split = note.lastIndexOf('\n\n');
  if (split < 1 || !note.endsWith('\n') || note.length > MOST_BYTES) return null;
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) return null;
  const lines = note.slice(split + 2, -1).split('\n');
  const signatures = lines.map(parseSignature);
  if (signatures.includes(null)) return null;
  return { text: note.slice(0, split + 1), signatures: signatures as NoteSignature[] };
}

/** Signatures by other keys say nothing, also by one of the same name. */
export function verifyNote(
  note: SignedNote,
  key: NoteKey,
  verify: (publicKey: Uint8Array, text: string, signature: Uint8Array) => boolean,
): NoteVerdict {
  const own = note.signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
  if (own.length === 0) return 'missing';
  return own.every(({ signature }) => verify(key.publicKey, note.text, signature)) ? 'good' : 'bad';
}

/** The first signature by the key that holds; null where there is none, whatever else stands there under its name. */
export function signatureBy(
  note: SignedNote,
  key: NoteKey,
  verify: (publicKey: Uint8Array, text: string, signature: Uint8Array) => boolean,
): Uint8Array | null {
  const own = note.signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
  return own.find(({ signature }) => verify(key.publicKey, note.text, signature))?.signature ?? null;
}

/** What of the lines of signatures is more than a note may have; null where they are as they may be. */
export function excessOf(note: string): string | null {
  const lines = note.slice(note.lastIndexOf('\n\n') + 2, -1).split('\n');
  if (lines.length > MOST_SIGNATURES) return `${lines.length} lines of signatures`;
  const longest = Math.max(...lines.map(({ length }) => length));
  return longest > MOST_LINE ? `a line of ${longest} characters` : null;
}

/** One line of a signed note, without its line feed. */
export function signatureLine(
  { name, keyId }: Pick<NoteKey, 'name' | 'keyId'>,
  signature: Uint8Array,
): string {
  return `${DASH}${name} ${toBase64(joinBytes(fromHex(keyId), signature))}`;
}

export function isNoteName(name: string): boolean {
  return /^[^\s+\p{C}\p{Z}]+$/u.test(name);
}

function parseSignature(line: string): NoteSignature | null {
  const parts = /^\u2014 (\S+) (\S+)$/.exec(line);
  const bytes = parts && fromBase64(parts[2]!);
  if (!bytes || bytes.length < 5 || !isNoteName(parts[1]!)) return null;
  return { name: parts[1]!, keyId: toHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
}
