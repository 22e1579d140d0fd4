/** Capsules of a few made-up units, with a log and keys of their own, and ways to change what is in them. */
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasher, sha256 } from '../../adapters/log/hashing';
import { canonicalJson } from '../../domain/canonical';
import {
  capsuleName,
  compareUnits,
  type CapsuleAbout,
  type CapsuleEvent,
  type CapsuleSigner,
  type CapsuleSource,
  type CapsuleUnit,
} from '../../domain/capsule';
import { checkpointText, entryOf, PROOF_FORMAT, type LeafProof } from '../../domain/log-proof';
import { inclusionPath, rootHash, type Hash, type SubtreeHash } from '../../domain/merkle';
import type { RecordV1 } from '../../domain/record-document';
import { formatNote, noteKey, noteKeyText } from '../../domain/signed-note';
import { sampleRecord } from './export-source';

const ORIGIN = 'log.example/unitrail';

/** Keys of tests only: the same in each run, so that the same capsule is the same bytes. */
export const signingKey = testKey(7);
export const logKey = testKey(9);
export const strangersKey = testKey(11);

export const signer = signerOf(signingKey);

export interface TestUnit {
  readonly issuer?: string;
  readonly serial: string;
  /** Null for one that ended without being shipped. */
  readonly record?: Partial<RecordV1> | null;
  /** Types of what was said later. */
  readonly said?: readonly string[];
}

export interface CapsuleOptions extends Partial<Pick<CapsuleAbout, 'buyer' | 'month' | 'number' | 'events'>> {
  /** Leaves of other buyers' units around ours. */
  readonly others?: number;
}

/** A source of these units, in the order that they are given in. Leaves of others stand between theirs. */
export async function capsuleOf(
  units: readonly TestUnit[],
  options: CapsuleOptions = {},
): Promise<CapsuleSource> {
  const { buyer = 'acme', month = '2026-11', number = 1, events = true, others = 3 } = options;
  const made = units.map((unit, at) => madeUnit(unit, at, buyer));
  const documents = made.flatMap(({ documents: own }) => own);
  const log = await logOf(documents, others);
  const named = { buyer, product: 'EUDV', month, number };
  return {
    about: {
      ...named,
      capsule: capsuleName(named),
      asOf: new Date('2026-12-01T02:00:00.000Z'),
      log: { checkpoint: log.checkpoint, verifierKey: log.verifierKey },
      events,
    },
    async *units() {
      for (const { unit, documents: own } of made)
        yield { ...unit, proofs: own.map((document) => log.proofOf(unit.serial, document)) };
    },
  };
}

/** As a capsule holds them. */
export function inOrder(units: readonly TestUnit[]): TestUnit[] {
  const whole = ({ issuer = 'unitrail', serial }: TestUnit) => ({ issuer, serial });
  return [...units].sort((one, other) => compareUnits(whole(one), whole(other)));
}

interface MadeUnit {
  readonly unit: Omit<CapsuleUnit, 'proofs'>;
  readonly documents: readonly string[];
}

function madeUnit(
  { issuer = 'unitrail', serial, record = {}, said = [] }: TestUnit,
  at: number,
  buyer: string | null,
): MadeUnit {
  const events: CapsuleEvent[] = [];
  const stream = `unit:00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
  const append = (type: string, body: unknown): CapsuleEvent => {
    const seq = events.length + 1;
    const time = `2026-11-2${Math.min(seq, 9)}T08:0${seq}:00.125Z`;
    const header = `v1|${stream}|${seq}|${type}|${type}/1|unitrail_office|${time}`;
    const event = chained(events.at(-1), header, canonicalJson(body));
    events.push(event);
    return event;
  };
  append('claimed', { batch: sampleRecord.batch, index: at + 1 });
  append('flashed', {
    firmwareVersion: sampleRecord.firmware!.version,
    firmwareSha256: sampleRecord.firmware!.sha256,
  });
  const last = record === null ? null : append('shipped', { shipment: 'SH-0007' });
  const sealed =
    last === null
      ? null
      : canonicalJson({
          ...ownNumbers(at),
          issuer,
          serial,
          shipment: { ...sampleRecord.shipment!, buyer: buyer ?? 'nobody' },
          history: { events: events.length, head: last.hash },
          ...record,
        });
  const statements = said.map((type) => {
    const { header, body, hash } = append(type, { by: '17', note: `${type} of ${serial}` });
    return canonicalJson({ format: 'unitrail.statement/1', hash, header, body: JSON.parse(body) as unknown });
  });
  const digest = sealed === null ? null : createHash('sha256').update(sealed).digest('hex');
  return {
    unit: { issuer, serial, record: sealed, sha256: digest, statements, events },
    documents: sealed === null ? statements : [sealed, ...statements],
  };
}

/** What no two units have in common. */
function ownNumbers(at: number): RecordV1 {
  const hex = (at + 4).toString(16).toUpperCase().padStart(2, '0');
  return {
    ...sampleRecord,
    macs: [`70:B3:D5:00:01:${hex}`, `70:B3:D5:00:02:${hex}`],
    chipUid: `0A1B2C3D4E5F60718293A4${hex}`,
    provisioning: {
      ...sampleRecord.provisioning!,
      certificateSha256: createHash('sha256').update(`certificate ${at}`).digest('hex'),
    },
  };
}

function chained(before: CapsuleEvent | undefined, header: string, body: string): CapsuleEvent {
  const prev = before ? Buffer.from(before.hash, 'hex') : Buffer.alloc(32);
  const hash = sha256(Buffer.concat([prev, sha256(Buffer.from(header)), sha256(Buffer.from(body))]));
  return { header, body, hash: Buffer.from(hash).toString('hex') };
}

async function logOf(documents: readonly string[], others: number) {
  const salts = documents.map((document) => sha256(Buffer.from(`salt of ${document}`)));
  const entries = documents.flatMap((document, at) => [
    ...Array.from({ length: others }, (_, no) => sha256(Buffer.from(`other ${at} ${no}`))),
    entryOf(sha256, salts[at]!, document),
  ]);
  const leaves = entries.map((entry) => hasher.leaf(entry));
  const subtree: SubtreeHash = (level, index) => Promise.resolve(fullTree(leaves, level, index));
  const size = leaves.length;
  const paths: Hash[][] = [];
  for (const at of documents.keys())
    paths.push(await inclusionPath(hasher, subtree, at * (others + 1) + others, size));
  const text = checkpointText(ORIGIN, { size, root: await rootHash(hasher, subtree, size) });
  const key = noteKey(ORIGIN, rawOf(logKey), sha256);
  return {
    checkpoint: formatNote(text, key, sign(null, Buffer.from(text), logKey)),
    verifierKey: noteKeyText(key),
    proofOf(serial: string, document: string): LeafProof {
      const at = documents.indexOf(document);
      return {
        format: PROOF_FORMAT,
        document: (JSON.parse(document) as { format: string }).format,
        serial,
        sha256: createHash('sha256').update(document).digest('hex'),
        index: at * (others + 1) + others,
        salt: Buffer.from(salts[at]!).toString('base64'),
        path: paths[at]!.map((hash) => Buffer.from(hash).toString('base64')),
      };
    },
  };
}

function fullTree(leaves: readonly Hash[], level: number, index: number): Hash {
  if (level === 0) return leaves[index]!;
  return hasher.node(fullTree(leaves, level - 1, index * 2), fullTree(leaves, level - 1, index * 2 + 1));
}

/** A file's text, changed in one place; that the place is there is a part of it. */
export async function changeFile(
  folder: string,
  name: string,
  from: string | RegExp,
  to: string,
): Promise<void> {
  const path = join(folder, name);
  const text = await readFile(path, 'latin1');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${name} has no ${String(from)}`);
  await writeFile(path, changed, 'latin1');
}

/** The manifest made to fit what lies in the folder, and signed by that key: what somebody does who has the key, or one. */
export async function signAgain(folder: string, by: CapsuleSigner, name = 'manifest.json'): Promise<void> {
  const path = join(folder, name);
  const body = JSON.parse(await readFile(path, 'utf8')) as { signature?: unknown; files: { name: string }[] };
  delete body.signature;
  const files = [];
  for (const file of body.files) {
    const bytes = await readFile(join(folder, file.name));
    files.push({
      ...file,
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  }
  const changed = { ...body, files, publicKey: by.publicKey };
  const signature = { algorithm: 'Ed25519', keyId: by.keyId, value: by.sign(canonicalJson(changed)) };
  await writeFile(path, canonicalJson({ ...changed, signature }));
}

export function signerOf(key: KeyObject): CapsuleSigner {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: der.toString('base64'),
    keyId: createHash('sha256').update(der).digest('hex').slice(0, 16),
    sign: (text) => sign(null, Buffer.from(text), key).toString('base64'),
  };
}

function rawOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
}

function testKey(byte: number): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}
