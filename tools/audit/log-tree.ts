import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The tree of the log, grown leaf by leaf once more: by a counter of full subtrees, other than the sequencer grows it. What it
 * gives is compared with the tiles outside the database, in the layout of c2sp.org/tlog-tiles.
 */
const WIDTH = 256;
const BYTES = 32;

export class GrowingTree {
  /** The full subtrees that no larger one has taken up yet, the largest first. */
  private readonly peaks: { readonly leaves: number; readonly hash: Buffer }[] = [];
  size = 0;

  add(leaf: Buffer): void {
    this.size += 1;
    let peak = { leaves: 1, hash: leaf };
    for (let last = this.peaks.at(-1); last?.leaves === peak.leaves; last = this.peaks.at(-1)) {
      this.peaks.pop();
      peak = { leaves: peak.leaves * 2, hash: nodeHash(last.hash, peak.hash) };
    }
    this.peaks.push(peak);
  }

  root(): Buffer {
    const [last, ...before] = [...this.peaks].reverse();
    if (!last) return createHash('sha256').digest();
    return before.reduce((root, { hash }) => nodeHash(hash, root), last.hash);
  }
}

export function leafHash(entry: Buffer): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(entry).digest();
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

/** A tile that is not what the leaves of the database make it. */
export interface WrongTile {
  readonly path: string;
  readonly found: string;
  readonly expected: string;
}

/** Compares each tile of a tree with its file as soon as its hashes are known, and lets go of it. */
export class TileComparison {
  private readonly levels: Buffer[][] = [];
  private entries: Buffer[] = [];
  private readonly done: number[] = [];
  private bundles = 0;

  constructor(
    private readonly folder: string,
    private readonly tell: (wrong: WrongTile) => void,
  ) {}

  async add(entry: Buffer): Promise<void> {
    this.entries.push(entry);
    if (this.entries.length === WIDTH) await this.endBundle();
    await this.addHash(0, leafHash(entry));
  }

  /** What is not full: a tree has these on its right edge. */
  async end(): Promise<void> {
    if (this.entries.length > 0) await this.endBundle();
    for (const [level, hashes] of this.levels.entries())
      if (hashes.length > 0) await this.compare(level, hashes);
  }

  private async addHash(level: number, hash: Buffer): Promise<void> {
    const hashes = (this.levels[level] ??= []);
    hashes.push(hash);
    if (hashes.length < WIDTH) return;
    await this.compare(level, hashes);
    this.levels[level] = [];
    this.done[level] = (this.done[level] ?? 0) + 1;
    const tree = new GrowingTree();
    for (const one of hashes) tree.add(one);
    await this.addHash(level + 1, tree.root());
  }

  private async compare(level: number, hashes: readonly Buffer[]): Promise<void> {
    const path = pathOf(String(level), this.done[level] ?? 0);
    const found = await this.read(path, hashes.length, hashes.length * BYTES);
    if (found === null) return;
    const at = hashes.findIndex(
      (hash, place) => !hash.equals(found.subarray(place * BYTES, (place + 1) * BYTES)),
    );
    if (at < 0) return;
    const told = found.subarray(at * BYTES, (at + 1) * BYTES).toString('hex');
    const leaf = (this.done[level] ?? 0) * WIDTH + at;
    this.tell({
      path,
      found: `hash ${at} ${told || '(missing)'}`,
      expected: `${hashes[at]!.toString('hex')}, of ${level === 0 ? `leaf ${leaf}` : `node ${leaf} of level ${level}`} in the database`,
    });
  }

  private async endBundle(): Promise<void> {
    const expected = Buffer.concat(this.entries.flatMap((entry) => [Buffer.of(0, BYTES), entry]));
    const path = pathOf('entries', this.bundles);
    const found = await this.read(path, this.entries.length, expected.length);
    const at = this.entries.findIndex(
      (_, place) => found !== null && !sameAt(found, expected, place * (BYTES + 2), BYTES + 2),
    );
    if (at >= 0)
      this.tell({
        path,
        found: `another entry ${at}`,
        expected: `that of leaf ${this.bundles * WIDTH + at} in the database`,
      });
    this.bundles += 1;
    this.entries = [];
  }

  /** As a tree of this width has it, or the beginning of the full one. Null where there is neither. */
  private async read(path: string, width: number, bytes: number): Promise<Buffer | null> {
    const names = width === WIDTH ? [path] : [`${path}.p/${width}`, path];
    for (const name of names) {
      const found = await readFile(join(this.folder, name)).catch(() => null);
      if (found !== null) return found.subarray(0, bytes);
    }
    this.tell({ path: names[0]!, found: 'no file', expected: `the tile of ${width}` });
    return null;
  }
}

function sameAt(one: Buffer, other: Buffer, from: number, length: number): boolean {
  return one.subarray(from, from + length).equals(other.subarray(from, from + length));
}

/** `tile/0/x001/067`: three digits a folder, `x` before each but the last. */
function pathOf(level: string, index: number): string {
  const digits = String(index);
  const parts = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.../g)!;
  return ['tile', level, ...parts.slice(0, -1).map((part) => `x${part}`), parts.at(-1)].join('/');
}
