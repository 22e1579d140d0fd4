/**
 * The highest numbers ever granted, in a small file that travels apart from the database. A database that was restored
 * from a backup is behind it, and would hand out numbers again: then nothing is issued.
 */
import { readFile } from 'node:fs/promises';
import { canonicalJson } from '../../domain/canonical';
import { UnitrailError } from '../../domain/errors';
import {
  laggingSpaces,
  mergedSpaces,
  readWatermark,
  spaceName,
  type RegistryState,
} from '../../domain/watermark';
import { readRegistry } from '../postgres/registry';
import type { Database } from '../postgres/database';
import { withFileLock } from '../stack/file-lock';
import { errorCodeOf, replaceFile } from '../store/durable-file';

const LOCK_TIMEOUT_MS = 30_000;
const MOST_NAMED = 5;

export interface Watermark {
  /** @throws UnitrailError REGISTRY_LAGS where the database is behind the file. */
  check(): Promise<void>;
  /** Brings the file up to the database. Called before a number that was granted leaves the house. */
  keep(): Promise<void>;
}

export function createWatermark({ db, file }: { db: Database; file: string }): Watermark {
  return {
    async check() {
      const kept = await readWatermarkFile(file);
      if (kept) requireAhead(await readRegistry(db), kept, file);
    },
    async keep() {
      await withFileLock(`${file}.lock`, { timeoutMs: LOCK_TIMEOUT_MS }, async () => {
        const [present, kept] = [await readRegistry(db), await readWatermarkFile(file)];
        if (kept) requireAhead(present, kept, file);
        const next = { ...present, spaces: mergedSpaces(present.spaces, kept?.spaces ?? []) };
        if (kept && canonicalJson(kept) === canonicalJson(next)) return;
        await replaceFile(file, Buffer.from(`${canonicalJson(next)}\n`), 0o600);
      });
    },
  };
}

/** Null where there is none yet. */
export async function readWatermarkFile(file: string): Promise<RegistryState | null> {
  try {
    return readWatermark(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function requireAhead(present: RegistryState, kept: RegistryState, file: string): void {
  if (present.registry !== kept.registry) {
    throw new UnitrailError(
      'REGISTRY_LAGS',
      `The file ${file} is that of another registry (${kept.registry}; this one is ${present.registry}). ` +
        'Set UNITRAIL_WATERMARK to a file of its own for each database; remove it where the old database is given up for good.',
    );
  }
  const lagging = laggingSpaces(present, kept);
  if (lagging.length === 0 && present.epoch >= kept.epoch) return;
  const named = lagging
    .slice(0, MOST_NAMED)
    .map(({ space, next }) => `${spaceName(space)} goes on at ${next}, and ${space.next - 1} was issued`);
  const more = lagging.length > MOST_NAMED ? `, and ${lagging.length - MOST_NAMED} more` : '';
  const what =
    named.length > 0 ? named.join('; ') + more : `epoch ${present.epoch}, and ${kept.epoch} was opened`;
  throw new UnitrailError(
    'REGISTRY_LAGS',
    `The database is older than numbers that were issued: ${what}. It seems to be restored from a backup, and issues nothing. ` +
      '`unitrail registry advance --by OPERATOR --reason TEXT` moves its counters past them.',
    { spaces: lagging.map(({ space }) => spaceName(space)) },
  );
}
