/**
 * Brings a set of files to a buyer's server: each under a temporary name first, then renamed, in their order, so that
 * the last one (the manifest) tells that the others are there. A repeat sends nothing that is there already, an upload
 * that broke off is gone on with, and nothing of anybody else's is overwritten, removed or even listed.
 */
import { partName, requireOwnNames, type DeliveredFile, type DeliveryFile } from '../../domain/delivery';
import type { SftpTarget } from '../../domain/export-settings';
import type { Secrets } from './credentials';
import type { DeliveryProgress, DeliveryRun, FileToDeliver } from './delivery-run';
import { lookAtAll } from './look-at';
import { full, refused } from './problems';
import { RemoteFolder } from './remote-folder';
import { sendFile } from './send-file';
import { openSession, type Session } from './session';
import type { Timing } from './timing';

export type { DeliveryProgress, FileToDeliver };

export interface DeliverOptions {
  readonly secrets: Secrets;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DeliveryProgress) => void;
  readonly timing?: Timing;
  /** Folders of ours in the target's, one in the other, which are made where they are not there: names without "/". */
  readonly within?: readonly string[];
  /** Larger files are checked by their size only, unless their upload was resumed. 1 GiB unless given. */
  readonly readBackBytes?: number;
}

export interface DeliveryOutcome {
  /** The fingerprint of the key by which the server was known. */
  readonly hostKey: string;
  readonly files: readonly DeliveredFile[];
}

const READ_BACK_BYTES = 2 ** 30;

/**
 * @throws UnitrailError INPUT_INVALID, CONFIGURATION_INVALID, SFTP_UNREACHABLE, SFTP_FULL, SFTP_LOGIN_REFUSED,
 *   SFTP_REFUSED, SFTP_HOST_KEY_MISMATCH, SFTP_FILE_CONFLICT, IMAGE_DIGEST_MISMATCH (our own bytes are not what they
 *   should be). After each of them it is safe to deliver again. Cancelled, it throws the signal's reason.
 */
export async function deliver(
  target: SftpTarget,
  files: readonly FileToDeliver[],
  options: DeliverOptions,
): Promise<DeliveryOutcome> {
  requireOwnNames(files);
  let session: Session | undefined;
  try {
    session = await openSession(target, options);
    let folder = new RemoteFolder(session);
    await folder.requireThere();
    for (const name of options.within ?? []) folder = await folder.within(name);
    const run: DeliveryRun = {
      folder,
      signal: options.signal,
      readBackBytes: options.readBackBytes ?? READ_BACK_BYTES,
      onProgress: options.onProgress ?? (() => {}),
    };
    return { hostKey: session.hostKey.fingerprint, files: await deliverAll(run, files) };
  } catch (error) {
    // Whatever broke because of it.
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    session?.close();
  }
}

async function deliverAll(run: DeliveryRun, files: readonly FileToDeliver[]): Promise<DeliveredFile[]> {
  const there = await lookAtAll(run, files);
  await requireRoom(
    run.folder,
    files.filter(({ name }) => !there.has(name)),
  );
  const delivered: DeliveredFile[] = [];
  for (const file of files) delivered.push(there.get(file.name) ?? (await sendFile(run, file)));
  return delivered;
}

/** Where the server tells, nothing is begun that can't end: half of it would only fill the buyer's disk. */
async function requireRoom(folder: RemoteFolder, files: readonly DeliveryFile[]): Promise<void> {
  const room = files.length > 0 ? await folder.room() : null;
  if (!room) return;
  const { target } = folder.session;
  if (room.readOnly)
    throw refused(
      target,
      'keeps the folder on a disk that is mounted read-only',
      'Ask the buyer to mend it.',
    );
  let neededBytes = 0;
  for (const { name, sizeBytes } of files)
    neededBytes += sizeBytes - Math.min(sizeBytes, (await folder.find(partName(name)))?.sizeBytes ?? 0);
  if (neededBytes > room.freeBytes)
    throw full(
      target,
      `The server has ${room.freeBytes} bytes free, and the files need ${neededBytes}: the disk is full`,
    );
}
