import { createWriteStream } from 'node:fs';
import { access, link, rename, rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { UnitrailError } from '../domain/errors';
import { problemText } from '../domain/refusal';

/**
 * Writes a file all or nothing: under another name first, then under its own. A file that is there already stays as
 * it is unless `force` is given, also one that appears while we write.
 * @throws UnitrailError INPUT_INVALID where the file exists or can't be made.
 */
export async function writeOutFile<T>(
  path: string,
  force: boolean,
  write: (stream: NodeJS.WritableStream) => Promise<T>,
  option = '--out',
): Promise<T> {
  if (!force && (await exists(path))) throw alreadyThere(path, option);
  const part = `${path}.${process.pid}.part`;
  const stream = createWriteStream(part, { flags: 'wx' });
  try {
    await opened(stream, path, option);
    const result = await write(stream);
    stream.end();
    await finished(stream);
    await putInPlace(part, path, force, option);
    return result;
  } finally {
    stream.destroy();
    await rm(part, { force: true });
  }
}

/**
 * For what is on record before it is written: the same refusals, while nothing is done yet.
 * @throws UnitrailError INPUT_INVALID where the file exists or can't be made.
 */
export async function requireRoomFor(path: string, force: boolean): Promise<void> {
  if (!force && (await exists(path))) throw alreadyThere(path);
  const part = `${path}.${process.pid}.part`;
  const stream = createWriteStream(part, { flags: 'wx' });
  try {
    await opened(stream, path);
  } finally {
    stream.destroy();
    await rm(part, { force: true });
  }
}

async function opened(
  stream: ReturnType<typeof createWriteStream>,
  path: string,
  option = '--out',
): Promise<void> {
  try {
    await new Promise<unknown>((resolve, reject) => stream.once('open', resolve).once('error', reject));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const allowed = `a file in a folder that exists and may be written to (${code})`;
    throw new UnitrailError(
      'INPUT_INVALID',
      problemText({ path: [option], value: path, allowed }),
      {},
      { cause },
    );
  }
}

/** A link refuses a name that is taken, in one step; a rename would replace it without a word. */
async function putInPlace(part: string, path: string, force: boolean, option: string): Promise<void> {
  if (force) return rename(part, path);
  try {
    await link(part, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(path, option);
    // A file system without links.
    if (await exists(path)) throw alreadyThere(path, option);
    await rename(part, path);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function alreadyThere(path: string, option = '--out'): UnitrailError {
  const allowed = 'a file that does not exist yet, or --force to replace it';
  return new UnitrailError('INPUT_INVALID', problemText({ path: [option], value: path, allowed }));
}
