import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { UnitrailError } from '../../domain/errors';

/** A share that is well answers within milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Whether the log's folder answers at all. Another process asks: a read of a share that hangs can't be called off, and would keep
 * this one from ending; that one is killed. What it is told does not matter: whoever reads next is told the same.
 * @throws UnitrailError STORE_UNAVAILABLE
 */
export async function requireAnswer(folder: string): Promise<void> {
  const isSilent = await new Promise<boolean>((resolve) => {
    const options = { timeout: PATIENCE_MS, killSignal: 'SIGKILL' } as const;
    execFile('head', ['-c', '1', join(folder, 'checkpoint')], options, (error) =>
      resolve(error?.killed === true),
    );
  });
  if (!isSilent) return;
  throw new UnitrailError(
    'STORE_UNAVAILABLE',
    `The log's folder ${folder} does not answer within ${PATIENCE_MS / 1_000} s. Check the share that it is on.`,
    { folder },
  );
}
