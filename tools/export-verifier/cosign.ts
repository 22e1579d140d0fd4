import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readCheckpoint, type Checkpoint } from './checkpoint';
import { cosignedAt, cosignNote, tooMuchOf, witnessKey, type WitnessKey } from './cosignature';
import { goesOn } from './merkle';

export interface CosignRequest {
  /** The signed note. */
  readonly checkpoint: string;
  /** The public key of the log, got on another way. */
  readonly logKey: string;
  /** The witness's private key, PEM. */
  readonly privateKey: string;
  /** What the witness is called, such as `acme.example/witness`. */
  readonly name: string;
  /** What this key co-signed last; null at the first time. */
  readonly previous: string | null;
  /** Shows that the checkpoint goes on from it: hashes, one a line, or JSON of ours. */
  readonly consistency: string | null;
  /** Seconds since 1970. */
  readonly time: number;
}

export interface Cosigned {
  /** The checkpoint with the witness's line. */
  readonly note: string;
  /** The witness's public key, as others need it. */
  readonly witness: string;
  readonly origin: string;
  readonly size: number;
  /** What it goes on from; null at the first time. */
  readonly from: number | null;
}

/** How each part of a request is named on a command line. */
export const cosignOptions = {
  checkpoint: '--checkpoint',
  logKey: '--log-key',
  privateKey: '--key',
  name: '--name',
  previous: '--previous',
  consistency: '--consistency',
} as const;

/** Why it may not be co-signed, and by which part of the request. */
export class CosignRefusal extends Error {
  constructor(
    readonly about: keyof typeof cosignOptions,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Co-signs a checkpoint: says that, as of now, it is the largest that this witness has seen of the log, and that it goes on from
 * all that the witness has co-signed before.
 * @throws CosignRefusal
 */
export function cosign(request: CosignRequest): Cosigned {
  const { logKey, name, time } = request;
  const checkpoint = readSigned('checkpoint', request.checkpoint, logKey);
  const privateKey = readPrivateKey(request.privateKey);
  if (!/^[^\s+\p{C}\p{Z}]{1,100}$/u.test(name))
    throw new CosignRefusal('name', 'a witness is called by 1 to 100 characters without blanks and +');
  const witness = witnessKey(name, createPublicKey(privateKey));
  const from = request.previous === null ? null : goingOn(checkpoint, request, request.previous, witness);
  const note = cosignNote(request.checkpoint, witness, privateKey, time);
  return { note, witness: witness.text, origin: checkpoint.origin, size: checkpoint.size, from };
}

/** For the person who did it. */
export function cosignedText({ witness, origin, size, from }: Cosigned): string {
  const on =
    from === null
      ? 'The first one by this key: nothing was compared. Keep it, and name it as --previous the next time.'
      : `It goes on from ${from}, which this key co-signed before.`;
  return `Co-signed checkpoint ${size} of ${origin} by ${witness}. ${on}`;
}

/** The size that the witness has co-signed before. */
function goingOn(
  checkpoint: Checkpoint,
  { consistency, logKey, time }: CosignRequest,
  previous: string,
  witness: WitnessKey,
): number {
  const before = readSigned('previous', previous, logKey);
  const at = cosignedAt(previous, witness);
  if (at === null || at === 'bad')
    throw new CosignRefusal(
      'previous',
      `the previous checkpoint is not co-signed by ${witness.text}: name what this key co-signed last`,
    );
  if (at > time)
    throw new CosignRefusal(
      'previous',
      'the previous checkpoint was co-signed later than now: look at the clock',
    );
  if (before.size > checkpoint.size)
    throw new CosignRefusal(
      'checkpoint',
      `checkpoint ${checkpoint.size} is older than ${before.size}, which was co-signed already`,
    );
  const path = consistency === null ? [] : readPath(consistency, before.size);
  if (!goesOn(headOf(before), headOf(checkpoint), path))
    throw new CosignRefusal(
      'checkpoint',
      `checkpoint ${checkpoint.size} of ${checkpoint.origin} is not shown to go on from ${before.size}, which was co-signed: the log has forked, or the consistency proof is another one`,
    );
  return before.size;
}

function readSigned(about: 'checkpoint' | 'previous', note: string, logKey: string): Checkpoint {
  const what = about === 'checkpoint' ? 'the checkpoint' : 'the previous checkpoint';
  const read = readCheckpoint(note, logKey);
  if ('wrong' in read) {
    // The first one is read before: a key that is good for it is none for the other because of the other.
    const isKey = read.isOfKey && about === 'checkpoint';
    throw new CosignRefusal(isKey ? 'logKey' : about, `${what} ${read.wrong}`);
  }
  const tooMuch = tooMuchOf(note);
  if (tooMuch !== null) throw new CosignRefusal(about, `${what} has ${tooMuch}`);
  return read;
}

function readPrivateKey(text: string): KeyObject {
  const key = (() => {
    try {
      return createPrivateKey(text);
    } catch {
      return null;
    }
  })();
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new CosignRefusal(
    'privateKey',
    'the key is no private key of Ed25519 in PEM: `openssl genpkey -algorithm ed25519` makes one',
  );
}

/** A manifest's, `unitrail log consistency --json`, or hashes in base64, one a line. */
function readPath(text: string, size: number): Buffer[] {
  const hashes = text.trimStart().startsWith('{') ? pathIn(looseOf(text), size) : text.split(/\s+/);
  return hashes.filter((hash) => hash !== '').map((hash) => Buffer.from(hash, 'base64'));
}

/** As anybody may have written it. */
interface Loose {
  readonly log?: Loose | null;
  readonly consistency?: Loose | null;
  readonly from?: number | { readonly size?: number } | null;
  readonly path?: unknown;
}

function looseOf(text: string): Loose {
  try {
    return JSON.parse(text) as Loose;
  } catch (error) {
    throw new CosignRefusal('consistency', `the consistency proof is no JSON: ${(error as Error).message}`);
  }
}

function pathIn(told: Loose, size: number): readonly string[] {
  const proof = told.log?.consistency ?? told;
  const from = typeof proof.from === 'object' ? proof.from?.size : proof.from;
  if (from !== size)
    throw new CosignRefusal(
      'consistency',
      `the consistency proof is from ${from ?? 'no size that it names'}, and ${size} was co-signed last`,
    );
  if (isTexts(proof.path)) return proof.path;
  throw new CosignRefusal('consistency', 'the path of the consistency proof is no list of hashes in base64');
}

function isTexts(path: unknown): path is string[] {
  return Array.isArray(path) && path.every((hash) => typeof hash === 'string');
}

const headOf = ({ size, root }: Checkpoint) => ({ size, root: Buffer.from(root, 'base64') });
