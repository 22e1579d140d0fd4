/**
 * How far the registry ever was, in a small file that travels apart from the database. A database that was restored from
 * a backup is behind it, and would hand out numbers again: then nothing is issued.
 */
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
import { readIfThere, replaceFile } from '../store/durable-file';

const LOCK_TIMEOUT_MS = 20_000;
const MOST_NAMED = 5;

export interface Watermark {
  /**
   * Called before anything is issued. A registry that has issued nothing yet gets its file here.
   * @throws UnitrailError REGISTRY_LAGS where the database is behind the file, or the file is gone.
   */
  check(): Promise<void>;
  /** Brings the file up to the database. Called before a number that was granted or claimed leaves the house. */
  keep(): Promise<void>;
  /** The same after the counters were moved by a person: a file that was lost is made anew. */
  renew(): Promise<void>;
}

export function createWatermark({ db, file }: { db: Database; file: string }): Watermark {
  const locked = (work: () => Promise<void>): Promise<void> =>
    withFileLock(`${file}.lock`, { timeoutMs: LOCK_TIMEOUT_MS }, work).catch((error: unknown) => {
      // Somebody holds it for long: nothing is decided, and it is tried again.
      if (!(error instanceof UnitrailError) || error.code !== 'CONFIGURATION_INVALID') throw error;
      throw new UnitrailError('STORE_UNAVAILABLE', error.message, {}, { cause: error });
    });
  return {
    async check() {
      const [present, kept] = [await readRegistry(db), await readWatermarkFile(file)];
      if (kept) return requireAhead(present, kept, file);
      if (present.movement > 0) throw fileIsGone(file);
      await locked(() => write(file, present));
    },
    keep: () =>
      locked(async () => {
        const present = await readRegistry(db);
        const kept = await readWatermarkFile(file);
        if (!kept) throw fileIsGone(file);
        requireAhead(present, kept, file);
        // A carton's number is issued without a movement: the counter itself tells.
        const isBehind = laggingSpaces(kept, present).length > 0;
        if (isBehind || kept.movement < present.movement || kept.epoch < present.epoch)
          await write(file, present, kept);
      }),
    renew: () => locked(async () => write(file, await readRegistry(db), await readWatermarkFile(file))),
  };
}

async function write(file: string, present: RegistryState, kept: RegistryState | null = null): Promise<void> {
  const spaces = mergedSpaces(present.spaces, kept?.spaces ?? []);
  await replaceFile(file, Buffer.from(`${canonicalJson({ ...present, spaces })}\n`), 0o600);
}

/** Null where there is none. */
export async function readWatermarkFile(file: string): Promise<RegistryState | null> {
  const bytes = await readIfThere(file);
  return bytes && readWatermark(bytes.toString('utf8'), file);
}

const HOW_TO_GO_ON = '`unitrail registry advance --by OPERATOR --reason TEXT` goes on behind it.';

function fileIsGone(file: string): UnitrailError {
  return new UnitrailError(
    'REGISTRY_LAGS',
    `The file ${file} is not there, and the registry has issued numbers: nobody can tell whether this database is the newest ` +
      `state. Nothing is issued. Put the file back (UNITRAIL_WATERMARK); where it is lost for good, ${HOW_TO_GO_ON}`,
  );
}

function requireAhead(present: RegistryState, kept: RegistryState, file: string): void {
  if (present.registry !== kept.registry) {
    throw new UnitrailError(
      'REGISTRY_LAGS',
      `The file ${file} is that of another registry (${kept.registry}; this one is ${present.registry}). ` +
        'Set UNITRAIL_WATERMARK to the file of this one.',
    );
  }
  const lagging = laggingSpaces(present, kept);
  if (lagging.length === 0 && present.epoch >= kept.epoch && present.movement >= kept.movement) return;
  throw new UnitrailError(
    'REGISTRY_LAGS',
    `The database is older than what was issued: ${whatLags(present, kept)}. It seems to be restored from a backup, and issues ` +
      `nothing. ${HOW_TO_GO_ON}`,
    { spaces: lagging.map(({ space }) => spaceName(space)) },
  );
}

function whatLags(present: RegistryState, kept: RegistryState): string {
  const lagging = laggingSpaces(present, kept);
  const named = lagging
    .slice(0, MOST_NAMED)
    .map(({ space, next }) => `${spaceName(space)} goes on at ${next}, and ${space.next - 1} was issued`);
  if (lagging.length > MOST_NAMED) named.push(`and ${lagging.length - MOST_NAMED} more`);
  if (named.length > 0) return named.join('; ');
  if (present.epoch < kept.epoch) return `it is in epoch ${present.epoch}, and ${kept.epoch} was opened`;
  return `its newest movement of a number is ${present.movement}, and there were ${kept.movement}`;
}
