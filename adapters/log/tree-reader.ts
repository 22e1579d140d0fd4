import { HASH_BYTES, type Hash, type SubtreeHash } from '../../domain/merkle';
import { TILE_WIDTH, tileOf, type Tile } from '../../domain/tlog-tiles';
import { hasher } from './hashing';
import type { LogFolder } from './log-folder';

/** 16 KiB each. A million leaves have 3,900 tiles, and proofs ask for them in another order than that of the tree. */
const MOST_TILES = 4_096;
const TILE_HEIGHT = 8;

/** The hashes of a tree of that size, from the tiles of the folder; what was read last is kept in memory, within bounds. */
export function readTree(folder: Pick<LogFolder, 'tile'>, size: number): SubtreeHash {
  const tiles = new Map<string, Uint8Array[]>();

  async function rowsOf(tile: Tile): Promise<Uint8Array[]> {
    const name = `${tile.level}/${tile.index}`;
    const known = tiles.get(name) ?? rowsAbove(await folder.tile(tile));
    // Again at the end: the first of the map is the one that was not asked for for the longest time.
    tiles.delete(name);
    tiles.set(name, known);
    if (tiles.size > MOST_TILES) tiles.delete(tiles.keys().next().value!);
    return known;
  }

  return async (level, index) => {
    const [tileLevel, row] = [Math.floor(level / TILE_HEIGHT), level % TILE_HEIGHT];
    const tile = tileOf(tileLevel, index * 2 ** row, size);
    const rows = await rowsOf(tile);
    const at = (index - (tile.index * TILE_WIDTH) / 2 ** row) * HASH_BYTES;
    return rows[row]!.subarray(at, at + HASH_BYTES);
  };
}

/** The hash over a full row of a power of two. */
export function foldTile(hashes: readonly Hash[]): Hash {
  return rowsAbove(Buffer.concat(hashes)).at(-1)!;
}

/** The rows of the small tree that stands on a tile; what has no sibling is not in the row above. */
function rowsAbove(bottom: Uint8Array): Uint8Array[] {
  const rows = [bottom];
  for (let below = bottom; below.length >= 2 * HASH_BYTES; below = rows.at(-1)!) {
    const row = new Uint8Array(Math.floor(below.length / HASH_BYTES / 2) * HASH_BYTES);
    for (let at = 0; at < row.length; at += HASH_BYTES) {
      const left = below.subarray(at * 2, at * 2 + HASH_BYTES);
      row.set(hasher.node(left, below.subarray(at * 2 + HASH_BYTES, at * 2 + 2 * HASH_BYTES)), at);
    }
    rows.push(row);
  }
  return rows;
}
