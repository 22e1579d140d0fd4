import { HASH_BYTES, type Hash } from '../../domain/merkle';
import { hashesAt, partialTiles, TILE_WIDTH, tileOf, type Tile } from '../../domain/tlog-tiles';
import { hasher } from './hashing';
import type { LogFolder } from './log-folder';
import { foldTile } from './tree-reader';

const WRITES_AT_ONCE = 32;

/**
 * The right edge of a growing tree: of each level, the hashes that fill no tile yet. That is all that is needed to go on, and
 * for the root. Leaves are taken in one after the other; tiles are kept as soon as they are full.
 */
export class TreeEdge {
  private readonly levels: Hash[][] = [];
  private entries: Uint8Array[] = [];
  private readonly filled: Tile[] = [];
  /** Full tiles on their way to the disk. */
  private writing: Promise<void>[] = [];
  private constructor(
    private readonly folder: LogFolder,
    private count: number,
  ) {}

  /** As the folder has it for a tree of that size. */
  static async load(folder: LogFolder, size: number): Promise<TreeEdge> {
    const edge = new TreeEdge(folder, size);
    for (const tile of partialTiles(size)) edge.levels[tile.level] = split(await folder.tile(tile));
    return edge;
  }

  get size(): number {
    return this.count;
  }

  /** The leaves of the last tile, full or not: by them it is seen whether another list of leaves is the same one. */
  async lastLeaves(): Promise<Hash[]> {
    if (this.count === 0) return [];
    return split(await this.folder.tile(tileOf(0, this.count - 1, this.count)));
  }

  /** What fills the present bundle, where the edge was loaded: the folder keeps entries only as a whole. */
  restoreEntries(entries: readonly Uint8Array[]): void {
    this.entries = [...entries];
  }

  async add(entry: Uint8Array): Promise<void> {
    this.entries.push(entry);
    this.count += 1;
    await this.addHash(0, hasher.leaf(entry));
  }

  /** Keeps what is not full, so that the tree of this size is whole outside the database: all of it is on the disk then. */
  async keepParts(): Promise<void> {
    await this.written();
    for (const tile of partialTiles(this.count))
      await this.folder.keepTile(tile, Buffer.concat(this.levels[tile.level]!));
    if (this.entries.length > 0)
      await this.folder.keepBundle(
        { index: Math.floor(this.count / TILE_WIDTH), width: this.entries.length },
        this.entries,
      );
  }

  /** Only when a checkpoint is kept that needs the full ones. */
  async dropOldParts(): Promise<void> {
    for (const tile of this.filled.splice(0)) await this.folder.dropParts(tile);
  }

  root(): Hash {
    let root: Hash | null = null;
    for (const hashes of this.levels)
      // From the right: what stands further right is the smaller subtree, and joins the larger one to its left.
      for (const peak of peaksOf(hashes ?? [])) root = root === null ? peak : hasher.node(peak, root);
    return root ?? hasher.empty;
  }

  /** Nothing is on its way any more, whatever became of it: for whoever gives up. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.writing);
  }

  /** Several at once: the disk forces them down together. */
  private async write(kept: Promise<void>): Promise<void> {
    // Its failure is met where it is waited for.
    kept.catch(() => {});
    this.writing.push(kept);
    if (this.writing.length >= WRITES_AT_ONCE) await this.written();
  }

  private async written(): Promise<void> {
    await Promise.all(this.writing);
    this.writing = [];
  }

  private async addHash(level: number, hash: Hash): Promise<void> {
    const hashes = (this.levels[level] ??= []);
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    const index = hashesAt(level, this.count) / TILE_WIDTH - 1;
    const tile = { level, index, width: TILE_WIDTH };
    await this.write(this.folder.keepTile(tile, Buffer.concat(hashes)));
    if (level === 0) await this.write(this.folder.keepBundle(tile, this.entries));
    if (level === 0) this.entries = [];
    this.filled.push(tile);
    this.levels[level] = [];
    await this.addHash(level + 1, foldTile(hashes));
  }
}

/** The full subtrees of a row of hashes, the rightmost (the smallest) first. */
function peaksOf(hashes: readonly Hash[]): Hash[] {
  const peaks: Hash[] = [];
  let from = 0;
  for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
    if (hashes.length - from < width) continue;
    peaks.unshift(foldTile(hashes.slice(from, from + width)));
    from += width;
  }
  return peaks;
}

function split(hashes: Uint8Array): Hash[] {
  return Array.from({ length: hashes.length / HASH_BYTES }, (_, at) =>
    hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}
