import { UnitrailError } from '../../domain/errors';
import { parseCheckpoint, type Checkpoint } from '../../domain/log-proof';
import { parseNote, parseNoteKey, verifyNote } from '../../domain/signed-note';
import { isEd25519Signed, sha256 } from './hashing';
import type { LogFolder } from './log-folder';

/** The first of the keys (`<name>+<id>+<base64>`) that has signed it; null where none of them has. */
export function signerOf({ note }: Pick<Checkpoint, 'note'>, keys: readonly string[]): string | null {
  const signed = parseNote(note);
  const good = keys.find((text) => {
    const key = parseNoteKey(text, sha256);
    return key !== null && signed !== null && verifyNote(signed, key, isEd25519Signed) === 'good';
  });
  return good ?? null;
}

/**
 * The newest checkpoint outside the database, for whoever only reads it.
 * @throws UnitrailError NOT_FOUND where there is none, LOG_BROKEN where it is signed by none of the keys
 */
export async function signedCheckpoint(
  folder: Pick<LogFolder, 'folder' | 'checkpoint'>,
  keys: readonly string[],
): Promise<Checkpoint> {
  const note = await folder.checkpoint();
  if (note === null)
    throw new UnitrailError(
      'NOT_FOUND',
      `There is no checkpoint in ${folder.folder}. The office signs the first one within ten minutes; UNITRAIL_STORE says where the log lies.`,
    );
  const checkpoint = parseCheckpoint(note);
  if (checkpoint && signerOf(checkpoint, keys) !== null) return checkpoint;
  throw new UnitrailError(
    'LOG_BROKEN',
    `The checkpoint in ${folder.folder} is not signed by a key that the database knows. Compare it with \`unitrail keys\`.`,
  );
}
