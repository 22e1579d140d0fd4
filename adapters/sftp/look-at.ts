import { partName, type DeliveredFile, type DeliveryFile } from '../../domain/delivery';
import { progressOf, type DeliveryRun } from './delivery-run';
import { conflict, type Sides } from './problems';

/**
 * What arrived before. All of it is looked at before anything is sent: a set of which one file can't be delivered is not
 * begun.
 * @throws UnitrailError SFTP_FILE_CONFLICT, with every file that is in conflict.
 */
export async function lookAtAll(
  run: DeliveryRun,
  files: readonly DeliveryFile[],
): Promise<ReadonlyMap<string, DeliveredFile>> {
  const there = new Map<string, DeliveredFile>();
  const conflicts: Sides[] = [];
  for (const file of files) {
    const found = await lookAt(run, file);
    if (found === 'missing') continue;
    if ('theirs' in found) conflicts.push(found);
    else there.set(file.name, found);
  }
  if (conflicts.length > 0) throw conflict(run.folder.session.target, conflicts);
  for (const name of there.keys()) await removeLeftover(run, name);
  return there;
}

export async function lookAt(
  run: DeliveryRun,
  file: DeliveryFile,
): Promise<DeliveredFile | Sides | 'missing'> {
  const { name, sizeBytes, sha256 } = file;
  const found = await run.folder.find(name);
  if (!found) return 'missing';
  const ours = `${sizeBytes} bytes, SHA-256 ${sha256}`;
  if (!found.isFile) return { name, ours, theirs: 'no plain file' };
  if (found.sizeBytes !== sizeBytes) return { name, ours, theirs: `${found.sizeBytes} bytes` };
  const digest = await readBack(run, file, name);
  if (digest !== null && digest !== sha256)
    return { name, ours, theirs: `${found.sizeBytes} bytes, SHA-256 ${digest}` };
  return { name, how: 'already there', checked: digest === null ? 'size' : 'digest', sentBytes: 0 };
}

/** Null where the server does not let us, or where it would take too long. */
export async function readBack(
  run: DeliveryRun,
  file: DeliveryFile,
  name: string,
  mostBytes = run.readBackBytes,
): Promise<string | null> {
  if (file.sizeBytes > mostBytes) return null;
  return run.folder.digestOf(name, file.sizeBytes, progressOf(run, file, 'check'));
}

/** Two deliveries that cross (one that was given up, and its repeat) may leave a part beside the file. */
async function removeLeftover({ folder }: DeliveryRun, name: string): Promise<void> {
  const part = await folder.find(partName(name));
  if (part?.isFile) await folder.remove(partName(name));
}
