import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { UnitrailError } from '../../domain/errors';

/** A holder that was killed stops touching its lock: after this time the next one takes it over. */
const staleMs = 10_000;
const refreshMs = 2_000;
const pollMs = 100;

export interface LockOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once where somebody else holds the lock. */
  readonly onWait?: () => void;
}

type Release = () => Promise<void>;

async function tryLock(path: string): Promise<Release | null> {
  let lost = false;
  // A lock is lost when this process was frozen for longer than staleMs (a laptop that slept). The work under
  // our locks looks at the world again before each step, so that it may go on; the default would be a crash.
  const onCompromised = (): void => void (lost = true);
  try {
    const release = await lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: staleMs,
      update: refreshMs,
      onCompromised,
    });
    return async () => {
      if (!lost) await release();
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return null;
    throw error;
  }
}

async function waitForLock(path: string, options: LockOptions): Promise<Release> {
  const deadline = Date.now() + options.timeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    const release = await tryLock(path);
    if (release) return release;
    if (attempt === 1) options.onWait?.();
    if (Date.now() > deadline) {
      throw new UnitrailError(
        'CONFIGURATION_INVALID',
        `Another process has held the lock ${path} for ${Math.round(options.timeoutMs / 1_000)} s. ` +
          'Wait for it or end it, then try again.',
      );
    }
    await sleep(pollMs);
  }
}

/** Does the work while no other process holds the lock at this path. The lock is a folder that is gone afterwards. */
export async function withFileLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const release = await waitForLock(path, options);
  try {
    return await work();
  } finally {
    await release();
  }
}
