/**
 * Where the hashes of a log lie (c2sp.org/tlog-tiles): tiles of 256 hashes, 32 bytes each. Those of level 0 are the leaves;
 * of each level above, the hash of each full tile below.
 */
import { joinBytes } from './bytes';

export const TILE_WIDTH = 256;

/** One tile of a tree, with as many hashes as that tree has for it. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  /** 1 to 256. */
  readonly width: number;
}

/** `tile/0/x001/067`, and `tile/0/x001/067.p/12` for the first 12 hashes of it. */
export function tilePath({ level, index, width }: Tile): string {
  return `tile/${level}/${indexPath(index)}${partOf(width)}`;
}

/** Of the entries that the hashes of a tile of level 0 are made of. */
export function bundlePath({ index, width }: Omit<Tile, 'level'>): string {
  return `tile/entries/${indexPath(index)}${partOf(width)}`;
}

/** How many hashes a level has in a tree of that size. */
export function hashesAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** The tile that holds a hash of a level, as a tree of that size has it. */
export function tileOf(level: number, position: number, size: number): Tile {
  const index = Math.floor(position / TILE_WIDTH);
  return { level, index, width: Math.min(TILE_WIDTH, hashesAt(level, size) - index * TILE_WIDTH) };
}

/** The tiles on the right edge that are not full. */
export function partialTiles(size: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    const count = hashesAt(level, size);
    if (count % TILE_WIDTH > 0)
      tiles.push({ level, index: Math.floor(count / TILE_WIDTH), width: count % TILE_WIDTH });
  }
  return tiles;
}

/** A bundle is each entry behind its length, two bytes of big-endian. */
export function bundleOf(entries: readonly Uint8Array[]): Uint8Array {
  return joinBytes(
    ...entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]),
  );
}

function partOf(width: number): string {
  return width === TILE_WIDTH ? '' : `.p/${width}`;
}

function indexPath(index: number): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const parts = digits.match(/.{3}/g)!;
  return parts.map((part, at) => (at < parts.length - 1 ? `x${part}` : part)).join('/');
}
