/**
 * Merkle trees as RFC 6962, section 2.1, has them, and their proofs (checked by the steps of RFC 9162, sections 2.1.3.2 and
 * 2.1.4.2). The hash function is handed in: the domain has none. Sizes and indexes are whole numbers up to 2^53 - 1.
 */
import { joinBytes } from './bytes';

export type Hash = Uint8Array;

export interface TreeHasher {
  /** Of what the tree has no leaf of: the root of size 0. */
  readonly empty: Hash;
  leaf(entry: Uint8Array): Hash;
  node(left: Hash, right: Hash): Hash;
}

/** Where a tree's hashes come from: that of the leaves `index * 2^level` up to `(index + 1) * 2^level`, all of them there. */
export type SubtreeHash = (level: number, index: number) => Promise<Hash>;

export interface Tree {
  readonly size: number;
  readonly root: Hash;
}

export const HASH_BYTES = 32;

export function treeHasher(sha256: (bytes: Uint8Array) => Uint8Array): TreeHasher {
  return {
    empty: sha256(new Uint8Array()),
    leaf: (entry) => sha256(joinBytes(Uint8Array.of(0), entry)),
    node: (left, right) => sha256(joinBytes(Uint8Array.of(1), left, right)),
  };
}

/** The root that a leaf leads to by its path, from the leaf upward; null where no tree of that size has such a path. */
export function rootFromInclusion(
  hasher: TreeHasher,
  leaf: Hash,
  index: number,
  size: number,
  path: readonly Hash[],
): Hash | null {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return null;
  let place: Place = [index, size - 1];
  let root = leaf;
  for (const beside of path) {
    if (place[1] === 0) return null;
    if (isOdd(place[0]) || place[0] === place[1]) {
      root = hasher.node(beside, root);
      place = upToRight(place);
    } else root = hasher.node(root, beside);
    place = upOnce(place);
  }
  return place[1] === 0 ? root : null;
}

/** Whether the path shows that the older tree is the beginning of the newer one. Equal trees need none. */
export function isConsistent(hasher: TreeHasher, older: Tree, newer: Tree, path: readonly Hash[]): boolean {
  if (older.size > newer.size || older.size < 0) return false;
  if (older.size === newer.size) return path.length === 0 && isSameHash(older.root, newer.root);
  if (older.size === 0) return path.length === 0 && isSameHash(older.root, hasher.empty);
  const [first, ...rest] = isPowerOfTwo(older.size) ? [older.root, ...path] : path;
  if (!first) return false;
  let place: Place = [older.size - 1, newer.size - 1];
  while (isOdd(place[0])) place = upOnce(place);
  let [old, now] = [first, first];
  for (const hash of rest) {
    if (place[1] === 0) return false;
    if (isOdd(place[0]) || place[0] === place[1]) {
      old = hasher.node(hash, old);
      now = hasher.node(hash, now);
      place = upToRight(place);
    } else now = hasher.node(now, hash);
    place = upOnce(place);
  }
  return place[1] === 0 && isSameHash(old, older.root) && isSameHash(now, newer.root);
}

/** What proves a leaf, from the leaf upward. */
export async function inclusionPath(
  hasher: TreeHasher,
  subtree: SubtreeHash,
  index: number,
  size: number,
): Promise<Hash[]> {
  const path: Hash[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    const left = index < middle;
    path.unshift(await rangeHash(hasher, subtree, left ? middle : from, left ? to : middle));
    if (left) to = middle;
    else from = middle;
  }
  return path;
}

/** What proves that the tree of the older size is the beginning of the one of the newer size. */
export async function consistencyPath(
  hasher: TreeHasher,
  subtree: SubtreeHash,
  older: number,
  newer: number,
): Promise<Hash[]> {
  if (older === 0 || older === newer) return [];
  const path: Hash[] = [];
  let [from, to] = [0, newer];
  while (to !== older) {
    const middle = from + splitOf(to - from);
    const left = older <= middle;
    path.unshift(await rangeHash(hasher, subtree, left ? middle : from, left ? to : middle));
    if (left) to = middle;
    else from = middle;
  }
  // The older tree as a whole is known to whoever checks.
  return from === 0 ? path : [await rangeHash(hasher, subtree, from, to), ...path];
}

export async function rootHash(hasher: TreeHasher, subtree: SubtreeHash, size: number): Promise<Hash> {
  return size === 0 ? hasher.empty : rangeHash(hasher, subtree, 0, size);
}

export function isSameHash(one: Hash, other: Hash): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Of the leaves `from` up to `to`, a range that a node of the tree spans. */
async function rangeHash(hasher: TreeHasher, subtree: SubtreeHash, from: number, to: number): Promise<Hash> {
  const count = to - from;
  if (isPowerOfTwo(count)) return subtree(Math.log2(count), from / count);
  // Only those on the right edge are no power of two: a few a tree, and nearly every proof asks for one of them.
  const known = edges.get(subtree) ?? new Map<string, Hash>();
  edges.set(subtree, known);
  const name = `${from} ${to}`;
  const middle = from + splitOf(count);
  const hash =
    known.get(name) ??
    hasher.node(await rangeHash(hasher, subtree, from, middle), await rangeHash(hasher, subtree, middle, to));
  known.set(name, hash);
  return hash;
}

const edges = new WeakMap<SubtreeHash, Map<string, Hash>>();

/** Node and last node of a level. */
type Place = readonly [node: number, last: number];

function upOnce([node, last]: Place): Place {
  return [Math.floor(node / 2), Math.floor(last / 2)];
}

/** Up to where the node is a right child: between, it has no sibling. */
function upToRight(place: Place): Place {
  let at = place;
  while (!isOdd(at[0]) && at[0] !== 0) at = upOnce(at);
  return at;
}

/** The largest power of two below the count. */
function splitOf(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function isPowerOfTwo(count: number): boolean {
  return count >= 1 && Number.isInteger(Math.log2(count));
}

function isOdd(count: number): boolean {
  return count % 2 === 1;
}
