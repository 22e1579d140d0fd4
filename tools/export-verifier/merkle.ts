import { createHash } from 'node:crypto';

/**
 * RFC 6962, written once more. Inclusion is folded from the root down, other than where proofs are made; consistency goes by the
 * steps of RFC 9162, section 2.1.4.2.
 */
const hash = (...parts: readonly Uint8Array[]): Buffer => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};

export const leafHash = (entry: Uint8Array): Buffer => hash(Buffer.of(0), entry);
const nodeHash = (left: Buffer, right: Buffer): Buffer => hash(Buffer.of(1), left, right);

/** Null where no tree of that size has such a path. */
export function rootOf(leaf: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer | null {
  if (size === 1) return index === 0 && path.length === 0 ? leaf : null;
  const top = path.at(-1);
  if (top === undefined || index < 0 || index >= size) return null;
  const left = largestPowerBelow(size);
  const below = path.slice(0, -1);
  if (index < left) {
    const root = rootOf(leaf, index, left, below);
    return root && nodeHash(root, top);
  }
  const root = rootOf(leaf, index - left, size - left, below);
  return root && nodeHash(top, root);
}

export interface Head {
  readonly size: number;
  readonly root: Buffer;
}

export function goesOn(older: Head, newer: Head, path: readonly Buffer[]): boolean {
  if (older.size > newer.size) return false;
  if (older.size === newer.size) return path.length === 0 && older.root.equals(newer.root);
  if (older.size === 0) return path.length === 0 && older.root.equals(hash());
  const hashes = [...path];
  const start = Number.isInteger(Math.log2(older.size)) ? older.root : hashes.shift();
  if (!start) return false;
  let [node, last] = [older.size - 1, newer.size - 1];
  const up = (): void => {
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  };
  while (node % 2 === 1) up();
  let [old, now] = [start, start];
  for (const one of hashes) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      [old, now] = [nodeHash(one, old), nodeHash(one, now)];
      while (node % 2 === 0 && node !== 0) up();
    } else now = nodeHash(now, one);
    up();
  }
  return last === 0 && old.equals(older.root) && now.equals(newer.root);
}

function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
