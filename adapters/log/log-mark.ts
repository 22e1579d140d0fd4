/**
 * The newest checkpoint once more, in a small file beside the registry's watermark: it travels apart from the database and from the
 * log's folder, so that both of them restored from one backup are found to be older than what was signed.
 */
import { UnitrailError } from '../../domain/errors';
import { parseCheckpoint, type Checkpoint } from '../../domain/log-proof';
import { errorCodeOf, readIfThere, replaceFile } from '../store/durable-file';

export function logMarkBeside(watermark: string): string {
  return `${watermark}.checkpoint`;
}

/** @throws UnitrailError LOG_BROKEN where it is no checkpoint: a file that can't be read must not count as one that says nothing */
export async function readMark(file: string): Promise<Checkpoint | null> {
  const bytes = await readIfThere(file).catch((error: unknown) => {
    throw unusable(file, error);
  });
  const note = bytes && bytes.toString('utf8');
  const mark = note === null ? null : parseCheckpoint(note);
  if (note === null || mark !== null) return mark;
  throw new UnitrailError(
    'LOG_BROKEN',
    `${file} is no checkpoint. Put it back from its backup; where it is lost for good, move it away: the next run makes it anew.`,
    { file },
  );
}

export async function keepMark(file: string, { note }: Checkpoint): Promise<void> {
  await replaceFile(file, Buffer.from(note), 0o600).catch((error: unknown) => {
    throw unusable(file, error);
  });
}

function unusable(file: string, error: unknown): UnitrailError {
  const reason = errorCodeOf(error) ?? 'unknown error';
  return new UnitrailError(
    'STORE_UNAVAILABLE',
    `${file} can't be used (${reason}). Check UNITRAIL_WATERMARK: the folder, its rights and its free space.`,
    { file, reason },
    { cause: error },
  );
}
