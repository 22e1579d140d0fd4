/** Made-up units without end, and a log that holds them: neither is in memory. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { hasher, sha256 } from '../../adapters/log/hashing';
import { canonicalJson } from '../../domain/canonical';
import { capsuleName, type CapsuleSource } from '../../domain/capsule';
import { checkpointText, entryOf, PROOF_FORMAT, type LeafProof } from '../../domain/log-proof';
import { HASH_BYTES, inclusionPath, rootHash, type Hash, type SubtreeHash } from '../../domain/merkle';
import { formatNote, noteKey, noteKeyText } from '../../domain/signed-note';
import { benchKey, signText, rawKey } from './keys';

const ORIGIN = 'log.example/bench';
const LEAVES_A_WRITE = 8_192;
const measurements = 12;

export function serialOf(at: number): string {
  return `EUDV2647-${String(at).padStart(7, '0')}`;
}

export function macOf(at: number): string {
  return `70:B3:D5:${at.toString(16).toUpperCase().padStart(6, '0').match(/../g)!.join(':')}`;
}

/** A record of a dozen measurements, as a line that builds radios seals it; no two have a number in common. */
export function recordOf(at: number): string {
  const own = sha256(Buffer.from(`unit ${at}`)) as Buffer;
  const hex = own.toString('hex');
  const time = (second: number): string =>
    new Date(Date.UTC(2026, 10, 2) + at * 2_000 + second * 1_000).toISOString();
  const pad = (value: number, by: number): number => Number((value + (own[by]! - 128) / 2_000).toFixed(4));
  return canonicalJson({
    ...{ format: 'unitrail.record/1', issuer: 'unitrail', serial: serialOf(at), product: 'EUDV' },
    ...{ gtin: '09506000134352', macs: [macOf(at)], chipUid: hex.slice(0, 24).toUpperCase() },
    ...{ batch: `B2647-${Math.floor(at / 5_000)}`, boardBatch: `PB-${Math.floor(at / 2_000)}` },
    ...{
      boardLot: `PCB-${Math.floor(at / 3_000)}`,
      order: 'PO-4711',
      buyerPart: 'AC-77-B',
      attributes: { revision: 'C' },
    },
    components: ['U1', 'U3', 'U7', 'U9'].map((position, no) => ({
      position,
      lots: [`LOT-${no}-${Math.floor(at / 1_500)}`],
    })),
    ...{ origin: 'built', simulated: false, firmware: { version: '1.4.2', sha256: 'f'.repeat(64) } },
    provisioning: {
      at: time(40),
      certificateSha256: hex,
      issuer: 'CN=Issuing CA 3',
      chainNotAfter: '2046-11-20T00:00:00.000Z',
    },
    test: {
      ...{
        plan: 'EUDV-final',
        planSha256: 'e'.repeat(64),
        verdict: 'PASS',
        attempt: 1,
        at: time(30),
        station: `test-${at % 8}`,
      },
      results: Array.from({ length: measurements }, (_, no) => ({
        ...{ name: `measurement_${no}`, value: pad(3.3 * (no + 1), no), unit: 'V' },
        ...{ low: 3 * (no + 1), high: 3.6 * (no + 1), verdict: 'PASS' },
      })),
    },
    labels: [
      {
        ...{
          place: 'housing',
          symbology: 'gs1datamatrix',
          content: `010950600013435221${serialOf(at)}`,
          print: 1,
        },
        ...{ material: 'polyester', printedAt: time(50), verifiedAt: time(55) },
      },
    ],
    qc: { at: time(60), by: `operator ${at % 20}`, statementSha256: hex.split('').reverse().join('') },
    shipment: {
      id: `SH-${Math.floor(at / 10_000)}`,
      at: '2026-11-28T12:00:00.000Z',
      carton: '106141411234567897',
      buyer: 'acme',
      destination: 'DE',
    },
    history: { events: 15, head: hex },
  });
}

function saltOf(at: number): Uint8Array {
  return sha256(Buffer.from(`salt ${at}`));
}

const levelPath = (folder: string, level: number): string => join(folder, `level-${level}`);

/** All hashes of the log's tree, a file a level: what proofs are read from afterwards. */
export function layLog(folder: string, units: number): void {
  writeHashes(levelPath(folder, 0), units, (at) => hasher.leaf(entryOf(sha256, saltOf(at), recordOf(at))));
  for (let level = 1, size = Math.floor(units / 2); size > 0; level += 1, size = Math.floor(size / 2)) {
    const below = readerOf(folder, level - 1);
    writeHashes(levelPath(folder, level), size, (at) =>
      hasher.node(below.hash(at * 2), below.hash(at * 2 + 1)),
    );
    below.close();
  }
}

function writeHashes(path: string, count: number, hash: (at: number) => Hash): void {
  const file = openSync(path, 'w');
  for (let from = 0; from < count; from += LEAVES_A_WRITE) {
    const some = Math.min(LEAVES_A_WRITE, count - from);
    writeSync(file, Buffer.concat(Array.from({ length: some }, (_, at) => hash(from + at))));
  }
  closeSync(file);
}

/** Read in blocks, the newest of which is kept: units come in order. */
function readerOf(folder: string, level: number): { hash(at: number): Hash; close(): void } {
  const file = openSync(levelPath(folder, level), 'r');
  const block = Buffer.alloc(HASH_BYTES * 256);
  let held = -1;
  return {
    hash(at) {
      const wanted = Math.floor(at / 256);
      if (wanted !== held) readSync(file, block, 0, block.length, wanted * block.length);
      held = wanted;
      const from = (at % 256) * HASH_BYTES;
      return Buffer.from(block.subarray(from, from + HASH_BYTES));
    },
    close: () => closeSync(file),
  };
}

export async function benchSource(folder: string, units: number): Promise<CapsuleSource> {
  const levels = new Map<number, ReturnType<typeof readerOf>>();
  const subtree: SubtreeHash = (level, index) => {
    const reader = levels.get(level) ?? readerOf(folder, level);
    levels.set(level, reader);
    return Promise.resolve(reader.hash(index));
  };
  const text = checkpointText(ORIGIN, { size: units, root: await rootHash(hasher, subtree, units) });
  const key = noteKey(ORIGIN, rawKey(benchKey), sha256);
  const named = { buyer: 'acme', product: 'EUDV', month: '2026-11', number: 1 };
  const checkpoint = formatNote(text, key, Buffer.from(signText(benchKey, text), 'base64'));
  return {
    about: {
      ...named,
      capsule: capsuleName(named),
      asOf: new Date('2026-12-01T02:00:00Z'),
      log: { checkpoint, verifierKey: noteKeyText(key) },
      events: false,
    },
    async *units() {
      for (let at = 0; at < units; at += 1) {
        const record = recordOf(at);
        const digest = (sha256(Buffer.from(record)) as Buffer).toString('hex');
        const path = await inclusionPath(hasher, subtree, at, units);
        const proof: LeafProof = {
          ...{
            format: PROOF_FORMAT,
            document: 'unitrail.record/1',
            serial: serialOf(at),
            sha256: digest,
            index: at,
          },
          salt: Buffer.from(saltOf(at)).toString('base64'),
          path: path.map((hash) => Buffer.from(hash).toString('base64')),
        };
        yield {
          issuer: 'unitrail',
          serial: serialOf(at),
          record,
          sha256: digest,
          statements: [],
          proofs: [proof],
        };
      }
    },
  };
}
