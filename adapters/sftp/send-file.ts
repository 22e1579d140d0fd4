import { addAbortSignal } from 'node:stream';
import { partName, resumeFrom, type DeliveredFile } from '../../domain/delivery';
import { UnitrailError } from '../../domain/errors';
import { plainText } from '../../domain/plain-text';
import { progressOf, type DeliveryRun, type FileToDeliver } from './delivery-run';
import { lookAt, readBack } from './look-at';
import { UNDER_WAY_BYTES, writeAll } from './pipeline';
import { conflict, full, refused, ServerRefusal, status } from './problems';

/** The file under its own name, whole and checked, or nothing under that name. */
export async function sendFile(run: DeliveryRun, file: FileToDeliver): Promise<DeliveredFile> {
  const from = await startOf(run, file);
  const sent = await sendPart(run, file, from);
  return (await putInPlace(run, file)) ?? { name: file.name, ...sent };
}

/** Zero: there is no part, or none that can be gone on with. */
async function startOf({ folder }: DeliveryRun, file: FileToDeliver): Promise<number> {
  const part = partName(file.name);
  const found = await folder.find(part);
  if (!found) return 0;
  if (!found.isFile)
    throw conflict(folder.session.target, [{ name: part, ours: 'our upload', theirs: 'no plain file' }]);
  const from = resumeFrom(found.sizeBytes, file.sizeBytes, UNDER_WAY_BYTES);
  // What can't be read back can't be trusted: a part of another try might be of other bytes.
  if (from > 0 && (await folder.digestOf(part, 0)) !== null) return from;
  await folder.remove(part);
  return 0;
}

async function sendPart(
  run: DeliveryRun,
  file: FileToDeliver,
  from: number,
): Promise<Omit<DeliveredFile, 'name'>> {
  await write(run, file, from);
  const isResumed = from > 0;
  const checked = await check(run, file, isResumed);
  if (checked !== 'other')
    return { how: isResumed ? 'resumed' : 'sent', checked, sentBytes: file.sizeBytes - from };
  await run.folder.remove(partName(file.name));
  if (isResumed) return sendPart(run, file, 0);
  throw refused(
    run.folder.session.target,
    `keeps other bytes of ${file.name} than were sent`,
    'Ask the buyer what changes files on their way in (a conversion of line ends, a filter).',
  );
}

async function write(run: DeliveryRun, file: FileToDeliver, from: number): Promise<void> {
  const { folder, signal } = run;
  const part = partName(file.name);
  const handle = await (from > 0 ? folder.openAgain(part) : folder.openNew(part));
  try {
    const source = file.open(from);
    if (signal) addAbortSignal(signal, source);
    const written = await writeAll(folder.session, {
      ...{ handle, source, from, sizeBytes: file.sizeBytes },
      onBytes: progressOf(run, file, 'send'),
    });
    if (written.endsAt !== file.sizeBytes || (from === 0 && written.sha256 !== file.sha256))
      throw notOurs(file, written.endsAt);
    await folder.sync(handle);
    await folder.close(handle);
  } catch (error) {
    throw await afterFailure(run, part, handle, error);
  }
}

/** What the server will not take is not left lying at the buyer's. What broke off is: it is gone on with. */
async function afterFailure(
  { folder }: DeliveryRun,
  part: string,
  handle: Buffer,
  error: unknown,
): Promise<unknown> {
  const isAnswer = error instanceof ServerRefusal;
  if (!isAnswer && !(error instanceof UnitrailError && error.code === 'IMAGE_DIGEST_MISMATCH')) return error;
  await folder.close(handle).catch(() => {});
  await folder.remove(part);
  if (!isAnswer) return error;
  if (error.is(status.permissionDenied, status.unsupported, status.noSuchFile, status.writeProtected))
    return folder.refusal('write', folder.pathOf(part), error);
  const room = await folder.room();
  const free = room ? `, where ${room.freeBytes} bytes are free now` : '';
  return full(
    folder.session.target,
    `The server could not write all of ${part} in ${plainText(folder.session.target.folder)}${free}: the disk is full, or a quota is used up`,
    error,
  );
}

/** By size, and by digest where the server lets us read; `other` where it keeps something else. */
async function check(
  run: DeliveryRun,
  file: FileToDeliver,
  isResumed: boolean,
): Promise<'digest' | 'size' | 'other'> {
  const part = partName(file.name);
  const found = await run.folder.find(part);
  if (found?.sizeBytes !== file.sizeBytes) return 'other';
  const digest = await readBack(run, file, part, isResumed ? Infinity : run.readBackBytes);
  if (digest === null) return isResumed ? 'other' : 'size';
  return digest === file.sha256 ? 'digest' : 'other';
}

/**
 * Null once it is there. Where the name was taken meanwhile (by a delivery that was given up and went on all the same)
 * what lies there decides.
 */
async function putInPlace(run: DeliveryRun, file: FileToDeliver): Promise<DeliveredFile | null> {
  const { folder } = run;
  const part = partName(file.name);
  try {
    await folder.rename(part, file.name);
    return null;
  } catch (error) {
    if (!(error instanceof ServerRefusal)) throw error;
    const found = await lookAt(run, file);
    await folder.remove(part);
    if (found === 'missing') throw folder.refusal('rename', folder.pathOf(part), error);
    if ('theirs' in found) throw conflict(folder.session.target, [found]);
    return found;
  }
}

function notOurs(file: FileToDeliver, endsAt: number): UnitrailError {
  return new UnitrailError(
    'IMAGE_DIGEST_MISMATCH',
    `${file.name}: the bytes to deliver are not those of the export (${endsAt} bytes were read, ${file.sizeBytes} with the SHA-256 ${file.sha256} belong to it). ` +
      'Nothing of it was left at the buyer. Check the content store.',
    { name: file.name, sizeBytes: file.sizeBytes, sha256: file.sha256, readBytes: endsAt },
  );
}
