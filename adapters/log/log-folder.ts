/**
 * The log outside the database: its newest checkpoint, and the hashes of its tree, in the layout of c2sp.org/tlog-tiles, so
 * that any web server can hand them out as they are.
 *
 *   checkpoint              the newest one, replaced as a whole
 *   tile/<level>/<index>    hashes; `.p/<width>` where a tile is not full yet
 *   tile/entries/<index>    what the leaves are hashes of: salted digests, never a document
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogKey } from '../keys/log-key';
import { UnitrailError } from '../../domain/errors';
import { bundleOf, bundlePath, TILE_WIDTH, tilePath, type Tile } from '../../domain/tlog-tiles';
import { HASH_BYTES } from '../../domain/merkle';
import { readIfThere, replaceFile } from '../store/durable-file';
import { reportingTrouble } from '../store/trouble';

/** Everybody who may enter the folder may read: nothing in it is secret. */
const MODE = 0o644;
const WHAT = "The log's folder";

/** A log and the key that signs it. */
export interface LogPlace {
  readonly folder: LogFolder;
  readonly key: LogKey;
  /** The file that knows the newest checkpoint apart from folder and database; without it nothing is compared. */
  readonly mark?: string;
}

export interface LogFolder {
  readonly folder: string;
  /** The signed note; null where nothing was signed yet. */
  checkpoint(): Promise<string | null>;
  keepCheckpoint(note: string): Promise<void>;
  /**
   * The hashes of the tile, also where a wider one of it lies there.
   * @throws UnitrailError LOG_BROKEN where it is missing or too short
   */
  tile(tile: Tile): Promise<Uint8Array>;
  keepTile(tile: Tile, hashes: Uint8Array): Promise<void>;
  keepBundle(tile: Omit<Tile, 'level'>, entries: readonly Uint8Array[]): Promise<void>;
  /** What was kept of it while it was not full. */
  dropParts(tile: Omit<Tile, 'width'>): Promise<void>;
}

/** Beside the content store: on what the offices share, and not in the database. */
export function logFolderIn(store: string): string {
  return join(store, 'log');
}

export function openLogFolder(folder: string): LogFolder {
  const at = (path: string): string => join(folder, path);
  const keep = (path: string, bytes: Uint8Array): Promise<void> =>
    reportingTrouble(WHAT, folder, () => replaceFile(at(path), bytes, MODE));
  const read = (path: string): Promise<Uint8Array | null> =>
    reportingTrouble(WHAT, folder, () => readIfThere(at(path)));
  return {
    folder,
    checkpoint: async () => {
      const bytes = await read('checkpoint');
      return bytes && Buffer.from(bytes).toString('utf8');
    },
    keepCheckpoint: (note) => keep('checkpoint', Buffer.from(note)),
    tile: async (tile) => {
      const full = { ...tile, width: TILE_WIDTH };
      // The exact one first: a full one may be of a run that was cut off before its checkpoint was signed.
      const hashes = (await read(tilePath(tile))) ?? (await read(tilePath(full)));
      if (hashes && hashes.length >= tile.width * HASH_BYTES)
        return hashes.subarray(0, tile.width * HASH_BYTES);
      throw new UnitrailError(
        'LOG_BROKEN',
        `${at(tilePath(tile))} is ${hashes ? 'too short' : 'missing'}. Put the log's folder back from its backup; \`unitrail log verify\` says whether it is whole.`,
      );
    },
    keepTile: (tile, hashes) => keep(tilePath(tile), hashes),
    keepBundle: (tile, entries) => keep(bundlePath(tile), bundleOf(entries)),
    dropParts: ({ level, index }) =>
      reportingTrouble(WHAT, folder, async () => {
        const full = { level, index, width: TILE_WIDTH };
        const paths = [tilePath(full), ...(level === 0 ? [bundlePath(full)] : [])];
        for (const path of paths) await rm(at(`${path}.p`), { recursive: true, force: true });
      }),
  };
}
