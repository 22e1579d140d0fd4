import { sign, createPublicKey, type KeyObject } from 'node:crypto';
import { checkpointText, type Checkpoint } from '../../domain/log-proof';
import type { Tree } from '../../domain/merkle';
import type { Manufacturer } from '../../domain/plant-document';
import { wrongKey } from '../../domain/scheme-key';
import { formatNote, noteKey, noteKeyText, parseNoteKey } from '../../domain/signed-note';
import { ED25519_SPKI, sha256 } from '../log/hashing';
import { readSigningKey } from './signing-key';

/** The key by which checkpoints of the log are signed. */
export interface LogKey {
  readonly origin: string;
  /** As it is handed out: `<origin>+<key id>+<base64>`. */
  readonly text: string;
  /** Those that signed before it, as a person has named them outside the database. */
  readonly before: readonly string[];
  /** Those of logs that are over, named in the same way: what is proved by such a log, and stays as it is, is read by them. */
  readonly ended: readonly string[];
  checkpoint(tree: Tree): Checkpoint;
}

export interface LogKeyPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly manufacturer: Manufacturer;
  /** Where a key is made that the plant file does not name; null where none may be made. */
  readonly home: string | null;
}

const KEYS_BEFORE = 'UNITRAIL_LOG_KEYS_BEFORE';
const OWN_KEY = 'log-key.pem';

/**
 * The key that the plant file names, that of exports where it names no other, or else this house's own, which is made at its
 * first use and lies in a file of mode 0600.
 * @throws UnitrailError CONFIGURATION_INVALID where there is none. It is never shown.
 */
export async function readLogKey({ env, manufacturer, home }: LogKeyPlace): Promise<LogKey> {
  const use = 'it signs the checkpoints of the log';
  const key = await readSigningKey({
    ...{ env, home, reference: manufacturer.logKey ?? manufacturer.exportKey ?? null },
    ...{ ownFile: OWN_KEY, member: 'manufacturer.logKey', use, why: use },
  });
  return keyOf(key, originOf(manufacturer), env[KEYS_BEFORE] ?? '');
}

/** Which log it is: one for each site of a manufacturer. It is no address that anybody has to reach. */
export function originOf({ logOrigin, issuer, site }: Manufacturer): string {
  return logOrigin ?? ['unitrail.log', issuer, ...(site === undefined ? [] : [site])].join('/');
}

function keysBefore(texts: string, origin: string): Pick<LogKey, 'before' | 'ended'> {
  const keys = texts.split(/[\s,]+/).filter((text) => text !== '');
  const nameOf = (text: string): string | undefined => parseNoteKey(text, sha256)?.name;
  const wrong = keys.find((text) => nameOf(text) === undefined);
  if (wrong !== undefined)
    throw wrongKey(
      `${KEYS_BEFORE}: ${wrong} is not allowed; public keys of ${origin}, or of a log that is over, as \`unitrail keys\` prints them, with a comma between`,
    );
  const isOurs = (text: string): boolean => nameOf(text) === origin;
  return { before: keys.filter(isOurs), ended: keys.filter((text) => !isOurs(text)) };
}

function keyOf(key: KeyObject, origin: string, before: string): LogKey {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = noteKey(origin, spki.subarray(ED25519_SPKI.length), sha256);
  return {
    origin,
    text: noteKeyText(publicKey),
    ...keysBefore(before, origin),
    checkpoint: (tree) => {
      const told = checkpointText(origin, tree);
      const note = formatNote(told, publicKey, sign(null, Buffer.from(told), key));
      return { ...tree, origin, note };
    },
  };
}
