import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCheckpoint, type Checkpoint } from '../export-verifier/checkpoint';
import type { Findings, Wrong } from './findings';
import { checkCosignatures } from './log-cosignatures';
import { checkHeads } from './log-heads';
import { checkQueued } from './log-queue';
import { checkRefused, DOCUMENT, DOCUMENTS, unitOf } from './log-refused';
import { checkTold } from './log-told';
import { GrowingTree, leafHash, TileComparison } from './log-tree';
import type { Snapshot } from './snapshot';

const SALT_BYTES = 32;

/** What lay outside the database before the snapshot was taken: all of it has to be in the snapshot. */
export interface KeptLog {
  readonly folder: string;
  /** The signed note; null where there is none. */
  readonly note: string | null;
}

export async function readKeptLog(folder: string): Promise<KeptLog> {
  return { folder, note: await readFile(join(folder, 'checkpoint'), 'utf8').catch(() => null) };
}

interface LeafRow {
  readonly index: number;
  readonly queueId: number;
  readonly entry: Buffer;
  readonly format: string | null;
  readonly stream: string;
  readonly seq: number;
  readonly sha256: string;
  readonly salt: Buffer;
  /** Of a record or a statement; what heads say is read one by one. */
  readonly document: string | null;
  /** Its document has moved into a capsule, and is judged with it. */
  readonly archived: boolean;
}

interface BookedRow {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
  readonly key: string;
}

/**
 * A18. Every leaf is made anew from the stored bytes and its salt; the tree of all leaves is compared with each checkpoint that the
 * database knows, with the one that is kept outside of it, and with the tiles there.
 */
export async function checkLog(
  snapshot: Snapshot,
  kept: KeptLog | null,
  trusted: readonly string[],
  findings: Findings,
): Promise<void> {
  const wrong = (subject: string, found: string, expected: string): void =>
    findings.violation('A18', subject, found, expected);
  await checkQueued(snapshot, wrong);
  await checkRefused(snapshot, wrong);
  await checkTold(snapshot, wrong);
  await checkTree(snapshot, kept, trusted, wrong, findings);
  // Last: what anybody can add without end takes no other finding's place.
  await checkCosignatures(snapshot, wrong);
}

/** No further than to the first leaf that is missing: behind it no tree can be made. */
async function checkTree(
  snapshot: Snapshot,
  kept: KeptLog | null,
  trusted: readonly string[],
  wrong: Wrong,
  findings: Findings,
): Promise<void> {
  const outside = keptCheckpoint(kept, await signersOf(snapshot, trusted, wrong, findings), wrong);
  const tiles =
    kept && outside
      ? new TileComparison(kept.folder, ({ path, found, expected }) => wrong(path, found, expected))
      : null;
  const booked = new BookedCheckpoints(snapshot, wrong);
  const tree = new GrowingTree();
  await booked.reach(tree);
  for await (const rows of snapshot.batches<LeafRow>(LEAVES)) {
    for (const row of rows) {
      if (row.index !== tree.size)
        return wrong(`leaf ${tree.size} of the log`, 'none', 'a leaf at each index');
      await checkLeaf(snapshot, row, wrong);
      tree.add(leafHash(row.entry));
      if (outside && tree.size <= outside.size) await tiles?.add(row.entry);
      await booked.reach(tree);
      if (outside && tree.size === outside.size) await endOutside(tree, outside, tiles, wrong);
    }
  }
  await booked.end(tree);
  await checkOutside(snapshot, tree, kept, outside, wrong, findings);
}

/** In the order of the tree. What is not there gives nulls. */
const LEAVES = `select l.index, l.queue_id as "queueId", l.entry, q.format, q.stream, q.seq, q.sha256, q.salt,
  ${DOCUMENT} as document, c.unit_id is not null as archived
  from log_leaves l left join log_queue q on q.id = l.queue_id ${DOCUMENTS}
  left join capsule_units c on c.unit_id = ${unitOf('q.stream')} and c.retired_at is not null and q.seq <= c.last_seq
  order by l.index`;

async function checkLeaf(snapshot: Snapshot, row: LeafRow, wrong: Wrong): Promise<void> {
  const name = `leaf ${row.index} of the log`;
  if (row.format === null) return wrong(name, `queue row ${row.queueId}`, 'a row of the queue');
  const of = `${row.format} of ${row.stream} at ${row.seq}`;
  const document = row.format === 'unitrail.heads/1' ? await headsOf(snapshot, row.seq) : row.document;
  if (document === null && row.archived) return;
  if (document === null) return wrong(name, 'no document', `the ${of}`);
  if (row.salt.length !== SALT_BYTES)
    wrong(
      name,
      `a salt of ${row.salt.length} bytes`,
      `one of ${SALT_BYTES}: another length moves where the ${of} begins`,
    );
  const sha256 = createHash('sha256').update(document).digest('hex');
  if (sha256 !== row.sha256) wrong(name, `${of} with SHA-256 ${sha256}`, `${row.sha256}, which was queued`);
  const entry = createHash('sha256').update(row.salt).update(document).digest();
  if (!entry.equals(row.entry))
    wrong(name, `entry ${row.entry.toString('hex')}`, `${entry.toString('hex')}, of salt and ${of}`);
  if (row.format === 'unitrail.heads/1') await checkHeads(snapshot, name, document, wrong);
}

async function headsOf(snapshot: Snapshot, number: number): Promise<string | null> {
  const [row] = await snapshot.rows<{ body: string }>('select body from log_heads where number = $1', [
    number,
  ]);
  return row?.body ?? null;
}

/** The checkpoints that the database knows, beside the tree as it grows. */
class BookedCheckpoints {
  private readonly rows: AsyncGenerator<BookedRow>;
  private next: BookedRow | null = null;
  private begun = false;

  constructor(
    snapshot: Snapshot,
    private readonly wrong: Wrong,
  ) {
    this.rows = flat(
      snapshot.batches<BookedRow>(
        'select origin, size, root, note, key from log_checkpoints order by size, origin',
      ),
    );
  }

  /** Judges those of the tree's present size. */
  async reach(tree: GrowingTree): Promise<void> {
    await this.begin();
    for (; this.next?.size === tree.size; await this.advance())
      this.judge(this.next, tree.root().toString('base64'));
  }

  async end(tree: GrowingTree): Promise<void> {
    for (; this.next; await this.advance())
      this.wrong(nameOf(this.next), `${tree.size} leaves in the database`, `${this.next.size} leaves`);
  }

  private judge(row: BookedRow, root: string): void {
    const told = row.root.toString('base64');
    if (told !== root) this.wrong(nameOf(row), `root ${told}`, `${root}, of the leaves in the database`);
    const read = readCheckpoint(row.note, row.key);
    if ('wrong' in read)
      return this.wrong(nameOf(row), read.wrong, 'a note that is signed by the key beside it');
    if (read.origin !== row.origin || read.size !== row.size || read.root !== told)
      this.wrong(
        nameOf(row),
        `a note of ${read.size} of ${read.origin}, root ${read.root}`,
        'what its row says',
      );
  }

  private async begin(): Promise<void> {
    if (this.begun) return;
    this.begun = true;
    await this.advance();
  }

  private async advance(): Promise<void> {
    const { value, done } = await this.rows.next();
    this.next = done ? null : value;
  }
}

const nameOf = ({ origin, size }: { origin: string; size: number }): string =>
  `checkpoint ${size} of ${origin}`;

async function* flat<Row>(batches: AsyncIterable<Row[]>): AsyncGenerator<Row> {
  for await (const rows of batches) yield* rows;
}

/** By whose signatures a checkpoint counts: those that are given, or else those of the very database that is audited. */
async function signersOf(
  snapshot: Snapshot,
  trusted: readonly string[],
  wrong: Wrong,
  findings: Findings,
): Promise<readonly string[]> {
  const rows = await snapshot.rows<{ key: string }>('select key from log_keys order by first_used_at, key');
  const known = rows.map(({ key }) => key);
  if (trusted.length === 0) {
    if (known.length > 0)
      findings.note(
        'The keys of the log were taken from the database itself: give those that you know by --log-key.',
      );
    return known;
  }
  for (const key of known)
    if (!trusted.includes(key)) wrong(`key ${key} of the log`, 'a key on record', 'one of those given');
  return trusted;
}

function keptCheckpoint(kept: KeptLog | null, keys: readonly string[], wrong: Wrong): Checkpoint | null {
  if (kept === null || kept.note === null) return null;
  const readings = keys.map((key) => readCheckpoint(kept.note!, key));
  const good = readings.find((reading) => !('wrong' in reading));
  if (good && !('wrong' in good)) return good;
  wrong(
    `checkpoint in ${kept.folder}`,
    'no signature that holds, of any key given or on record',
    'one of them',
  );
  return null;
}

async function endOutside(
  tree: GrowingTree,
  outside: Checkpoint,
  tiles: TileComparison | null,
  wrong: Wrong,
): Promise<void> {
  const root = tree.root().toString('base64');
  if (root !== outside.root)
    wrong(
      `${nameOf(outside)}, kept outside the database`,
      `root ${root} of the leaves in the database`,
      outside.root,
    );
  await tiles?.end();
}

async function checkOutside(
  snapshot: Snapshot,
  tree: GrowingTree,
  kept: KeptLog | null,
  outside: Checkpoint | null,
  wrong: Wrong,
  findings: Findings,
): Promise<void> {
  if (outside && outside.size > tree.size)
    wrong(
      `${nameOf(outside)}, kept outside the database`,
      `${tree.size} leaves in the database`,
      `${outside.size} leaves`,
    );
  const [newest] = await snapshot.rows<{ origin: string; size: number }>(
    // Within a log the largest one, whatever the clock said when it was booked.
    `select origin, max(size) as size from log_checkpoints
     where origin = (select origin from log_checkpoints order by booked_at desc, size desc limit 1) group by origin`,
  );
  if (!newest) return;
  if (kept === null)
    return findings.note(
      'The log outside the database was not looked at: set UNITRAIL_STORE to where it lies.',
    );
  // Read again: what was booked in the meantime was kept before it was booked.
  const now = await readKeptLog(kept.folder);
  const [origin, size] = now.note?.split('\n') ?? [];
  if (origin !== newest.origin || Number(size) < newest.size)
    wrong(
      `checkpoint in ${kept.folder}`,
      now.note === null ? 'none' : `${size} of ${origin}`,
      `${newest.size} of ${newest.origin} or a later one, which the database has booked`,
    );
}
