import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

/** Co-signatures of witnesses (c2sp.org/tlog-cosignature, cosignature/v1). */
const TYPE = 4;
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const SIGNATURE_BYTES = 64;
/** The last second that a date can tell. */
const LAST_SECOND = 8_640_000_000_000;
/** A note has so many lines of signatures at most, of so many characters. */
const MOST_LINES = 64;
const MOST_LINE = 1_000;

export interface WitnessKey {
  readonly name: string;
  /** Eight hex digits. */
  readonly id: string;
  /** As it is handed out: `<name>+<id>+<base64>`. */
  readonly text: string;
  readonly key: KeyObject;
}

/** Null where the text is no key of a witness, or its id is not its own. */
export function readWitnessKey(text: string): WitnessKey | null {
  const [, name, id, base64] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text) ?? [];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  if (name === undefined || bytes.length !== 33 || bytes[0] !== TYPE) return null;
  const key = createPublicKey({ key: Buffer.concat([SPKI, bytes.subarray(1)]), format: 'der', type: 'spki' });
  const witness = witnessKey(name, key);
  return witness.id === id ? witness : null;
}

export function witnessKey(name: string, key: KeyObject): WitnessKey {
  const bytes = Buffer.concat([
    Buffer.of(TYPE),
    key.export({ format: 'der', type: 'spki' }).subarray(SPKI.length),
  ]);
  const id = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex').slice(0, 8);
  return { name, id, key, text: `${name}+${id}+${bytes.toString('base64')}` };
}

/** When the witness co-signed the note, in seconds since 1970; null where it has not, 'bad' where its signature does not hold. */
export function cosignedAt(note: string, witness: WitnessKey): number | 'bad' | null {
  const { body, lines } = partsOf(note);
  const own = lines.flatMap((line) => bytesBy(line, witness));
  if (own.length === 0) return null;
  // Several are no more than one: the newest that holds counts.
  const times = own.map((bytes) => timeOf(bytes, body, witness)).filter((time) => time !== null);
  return times.length === 0 ? 'bad' : Math.max(...times);
}

/** The note with the witness's line, in the place of any that it had. */
export function cosignNote(note: string, witness: WitnessKey, privateKey: KeyObject, time: number): string {
  const { body, lines } = partsOf(note);
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(time));
  const signature = sign(null, messageOf(body, time), privateKey);
  const told = Buffer.concat([Buffer.from(witness.id, 'hex'), stamp, signature]).toString('base64');
  const others = lines.filter((line) => bytesBy(line, witness).length === 0);
  return `${body}\n${[...others, `\u2014 ${witness.name} ${told}`].join('\n')}\n`;
}

/** What of a note's signatures is more than is looked at, and what is allowed; null where they are as they may be. */
export function tooMuchOf(note: string): string | null {
  const { lines } = partsOf(note);
  if (lines.length > MOST_LINES) return `${lines.length} lines of signatures, and ${MOST_LINES} are allowed`;
  const long = lines.find(({ length }) => length > MOST_LINE);
  return long === undefined
    ? null
    : `a line of ${long.length} characters among its signatures, and ${MOST_LINE} are allowed`;
}

function timeOf(bytes: Buffer, body: string, { key }: WitnessKey): number | null {
  if (bytes.length !== 4 + 8 + SIGNATURE_BYTES) return null;
  const time = Number(bytes.readBigUInt64BE(4));
  if (time > LAST_SECOND) return null;
  return verify(null, messageOf(body, time), key, bytes.subarray(12)) ? time : null;
}

const messageOf = (body: string, time: number): Buffer =>
  Buffer.from(`cosignature/v1\ntime ${time}\n${body}`);

/** What is signed, with its final line feed, and the lines behind the empty one. */
function partsOf(note: string): { readonly body: string; readonly lines: readonly string[] } {
  const split = note.lastIndexOf('\n\n');
  return {
    body: note.slice(0, split + 1),
    lines: note
      .slice(split + 2)
      .split('\n')
      .filter((line) => line !== ''),
  };
}

function bytesBy(line: string, { name, id }: WitnessKey): Buffer[] {
  const start = `\u2014 ${name} `;
  if (!line.startsWith(start)) return [];
  const bytes = Buffer.from(line.slice(start.length), 'base64');
  return bytes.subarray(0, 4).toString('hex') === id ? [bytes] : [];
}
