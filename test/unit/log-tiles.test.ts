import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLogFolder, type LogFolder } from '../../adapters/log/log-folder';
import { TreeEdge } from '../../adapters/log/tree-edge';
import { readTree } from '../../adapters/log/tree-reader';
import { hasher } from '../../adapters/log/hashing';
import {
  consistencyPath,
  inclusionPath,
  isConsistent,
  rootFromInclusion,
  rootHash,
} from '../../domain/merkle';
import { bundlePath, partialTiles, tilePath } from '../../domain/tlog-tiles';

/** The layout of c2sp.org/tlog-tiles, and a tree that grows by steps and stays the same one. */
let folder: string;
let log: LogFolder;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-log-'));
  log = openLogFolder(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const entryAt = (at: number): Uint8Array => createHash('sha256').update(`entry ${at}`).digest();

/** By the definition, from the leaves alone. */
function rootOf(from: number, to: number): Uint8Array {
  if (to - from === 1) return hasher.leaf(entryAt(from));
  let split = 1;
  while (split * 2 < to - from) split *= 2;
  return hasher.node(rootOf(from, from + split), rootOf(from + split, to));
}

test('a tile is called what the specification calls it', () => {
  expect(tilePath({ level: 0, index: 1234067, width: 256 })).toBe('tile/0/x001/x234/067');
  expect(tilePath({ level: 1, index: 0, width: 17 })).toBe('tile/1/000.p/17');
  expect(bundlePath({ index: 1000, width: 3 })).toBe('tile/entries/x001/000.p/3');
});

test('a tree of 70,000 has the partial tiles that the specification names', () => {
  expect(partialTiles(70_000)).toEqual([
    { level: 0, index: 273, width: 112 },
    { level: 1, index: 1, width: 17 },
    { level: 2, index: 0, width: 1 },
  ]);
  expect(partialTiles(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
});

test('a tree that grows by steps is the tree of its leaves at each of them, and proves each leaf and each step', async () => {
  const sizes = [1, 2, 255, 256, 257, 511, 700, 1025];
  let before = 0;
  for (const size of sizes) {
    const edge = await TreeEdge.load(log, before);
    edge.restoreEntries(
      Array.from({ length: before % 256 }, (_, at) => entryAt(before - (before % 256) + at)),
    );
    for (let at = before; at < size; at++) await edge.add(entryAt(at));
    await edge.keepParts();
    const root = rootOf(0, size);
    expect(Buffer.from(edge.root()).equals(root)).toBe(true);
    await edge.dropOldParts();
    const tree = readTree(log, size);
    expect(Buffer.from(await rootHash(hasher, tree, size)).equals(root)).toBe(true);
    for (const at of [0, Math.floor(size / 2), size - 1]) {
      const path = await inclusionPath(hasher, tree, at, size);
      const found = rootFromInclusion(hasher, hasher.leaf(entryAt(at)), at, size, path)!;
      expect(Buffer.from(found).equals(root)).toBe(true);
    }
    if (before > 0) {
      const path = await consistencyPath(hasher, tree, before, size);
      expect(isConsistent(hasher, { size: before, root: rootOf(0, before) }, { size, root }, path)).toBe(
        true,
      );
    }
    before = size;
  }
  // What was kept while a tile was not full is gone once it is; an older size is read from the full tile.
  expect((await readdir(join(folder, 'tile/0'))).sort()).toEqual(['000', '001', '002', '003', '004.p']);
  expect(Buffer.from(await rootHash(hasher, readTree(log, 300), 300)).equals(rootOf(0, 300))).toBe(true);
});

test('a tile that is missing stops, and says where it was looked for', async () => {
  await rm(join(folder, 'tile/0/001'));
  await expect(rootHash(hasher, readTree(log, 300), 300)).rejects.toMatchObject({ code: 'LOG_BROKEN' });
});
