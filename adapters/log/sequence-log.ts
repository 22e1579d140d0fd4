import { setTimeout as sleep } from 'node:timers/promises';
import { UnitrailError } from '../../domain/errors';
import { parseCheckpoint, type Checkpoint } from '../../domain/log-proof';
import { isSameHash } from '../../domain/merkle';
import { TILE_WIDTH } from '../../domain/tlog-tiles';
import type { LogKey } from '../keys/log-key';
import type { Database } from '../postgres/database';
import {
  bookCheckpoint,
  bookedCheckpoint,
  bookedCheckpoints,
  logEntries,
  queueHeads,
  sequenceLeaves,
} from '../postgres/log';
import { inTurn } from '../postgres/turn';
import { hasher } from './hashing';
import { signerOf } from './kept-checkpoint';
import type { LogFolder, LogPlace } from './log-folder';
import { keepMark, readMark } from './log-mark';
import { TreeEdge } from './tree-edge';

export interface LogDeps extends LogPlace {
  /** The office's. */
  readonly db: Database;
}

/** Once an hour, whenever within the hour the sequencer comes. */
const HEADS_EVERY_SECONDS = 55 * 60;
const TURN_MS = 60_000;
const POLL_MS = 100;
const WHY =
  'It was restored from an older backup, or changed. Nothing is signed: restore the newest backup, with the write-ahead log up to the last moment. If what is missing is lost, begin another log: move the folder away, keep it, and name another manufacturer.logOrigin in the plant file';

/**
 * Gives everything that waits a place in the log, and signs and keeps a checkpoint of it, if there is anything new. What was
 * committed before the call is in the checkpoint that is returned, which the key has signed. Each step can be repeated, and each is durable before the next:
 *
 *   1. the leaves have their places in the database
 *   2. the tree goes on from the newest checkpoint outside the database, or nothing is signed
 *   3. its hashes are kept outside
 *   4. the checkpoint is signed and kept outside, in the mark first
 *   5. the database books it
 *
 * @throws UnitrailError LOG_BROKEN where the database is not the one that the kept checkpoint is of
 * @throws UnitrailError TURN_TAKEN where another one was at it for a minute
 */
export async function sequenceLog(deps: LogDeps): Promise<Checkpoint> {
  const giveUpAt = Date.now() + TURN_MS;
  for (;;) {
    try {
      return await inTurn(deps.db, 'the log', () => extend(deps));
    } catch (error) {
      const taken = error instanceof UnitrailError && error.code === 'TURN_TAKEN';
      if (!taken || Date.now() > giveUpAt) throw error;
    }
    await sleep(POLL_MS);
  }
}

async function extend(deps: LogDeps): Promise<Checkpoint> {
  const { db, folder, key, mark } = deps;
  const kept = await keptCheckpoint(db, folder, key);
  const edge = await TreeEdge.load(folder, kept?.size ?? 0);
  if (kept && !isSameHash(edge.root(), kept.root))
    throw broken(
      folder,
      `its hashes are not those of its checkpoint ${kept.size}. Put the folder back from its backup`,
    );
  await queueHeads(db, HEADS_EVERY_SECONDS);
  const size = await sequenceLeaves(db);
  if (kept) await requireBeginning(db, folder, edge, kept, size);
  const roots = await signedRoots(deps, kept, size);
  if (kept && kept.size === size) return bookKept(deps, kept);
  try {
    await grow(deps, edge, roots, size);
    await edge.keepParts();
  } finally {
    // Nobody writes into the folder once the turn is over.
    await edge.settled();
  }
  const checkpoint = key.checkpoint({ size, root: edge.root() });
  await requireUnmoved(folder, kept);
  if (mark !== undefined) await keepMark(mark, checkpoint);
  await folder.keepCheckpoint(checkpoint.note);
  await bookCheckpoint(db, checkpoint, key.text);
  await edge.dropOldParts();
  return checkpoint;
}

/**
 * Nothing is new. What a run that was cut off had kept is booked. Where the key was changed since, the same head is signed by the
 * present one: whoever asks for a checkpoint is told that key.
 */
async function bookKept({ db, folder, key }: LogDeps, kept: Checkpoint): Promise<Checkpoint> {
  const isPresent = signerOf(kept, [key.text]) !== null;
  const checkpoint = isPresent ? kept : key.checkpoint(kept);
  if (!isPresent) {
    await requireUnmoved(folder, kept);
    await folder.keepCheckpoint(checkpoint.note);
  }
  await bookCheckpoint(db, checkpoint, key.text);
  return checkpoint;
}

/**
 * The roots by their sizes that the tree has to have on its way: a folder that was restored passes checkpoints that the database has
 * booked since, or that only the mark knows of. They were handed out.
 */
async function signedRoots(
  { db, folder, key, mark }: LogDeps,
  kept: Checkpoint | null,
  size: number,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const marked = mark === undefined ? null : await readMark(mark);
  const ofThisLog = marked?.origin === key.origin ? [marked] : [];
  const signed = [...(await bookedCheckpoints(db, key.origin, kept?.size ?? 0)), ...ofThisLog];
  const last = Math.max(0, ...signed.map((checkpoint) => checkpoint.size));
  if (last > size)
    throw broken(
      folder,
      `its checkpoint ${last} was signed, and the database has only ${size} leaves. ${WHY}`,
    );
  if (kept && ofThisLog.some((one) => one.size === kept.size && !isSameHash(one.root, kept.root)))
    throw broken(folder, `${mark} has another checkpoint ${kept.size}: the log has forked. ${WHY}`);
  return new Map(signed.map((checkpoint) => [checkpoint.size, checkpoint.root]));
}

/** Takes in the leaves up to the size. */
async function grow(
  { db, folder }: LogDeps,
  edge: TreeEdge,
  roots: ReadonlyMap<number, Uint8Array>,
  size: number,
): Promise<void> {
  for await (const entry of logEntries(db, edge.size, size)) {
    await edge.add(entry);
    const root = roots.get(edge.size);
    if (root && !isSameHash(edge.root(), root))
      throw broken(
        folder,
        `the leaves in the database are not those of checkpoint ${edge.size}, which was signed. ${WHY}`,
      );
  }
}

/**
 * The turn is a session's: an office that stood still for long may have lost it without knowing. What it has read by then is old, and
 * would replace what another one has signed since.
 */
async function requireUnmoved(folder: LogFolder, kept: Checkpoint | null): Promise<void> {
  if ((await folder.checkpoint()) === (kept?.note ?? null)) return;
  throw new UnitrailError(
    'TURN_TAKEN',
    `The log in ${folder.folder} was extended elsewhere in the meantime.`,
  );
}

/** The newest checkpoint outside the database: what is signed next has to go on from it. Null for a log that begins. */
async function keptCheckpoint(db: Database, folder: LogFolder, key: LogKey): Promise<Checkpoint | null> {
  const note = await folder.checkpoint();
  if (note === null) {
    const booked = await bookedCheckpoint(db, key.origin);
    if (booked === null) return null;
    throw broken(
      folder,
      `it has no checkpoint, and the database knows of checkpoint ${booked.size} of ${key.origin}. Put the folder back from its backup, or say where it lies: UNITRAIL_LOG, or the folder of UNITRAIL_STORE that it is in. If it is lost, begin another log by another manufacturer.logOrigin`,
    );
  }
  const checkpoint = parseCheckpoint(note);
  if (checkpoint?.origin !== key.origin)
    throw broken(
      folder,
      `its checkpoint is of ${checkpoint?.origin ?? 'no log'}, and this one is ${key.origin}. Move the folder away, and keep it: what it says stays true`,
    );
  if (signerOf(checkpoint, trustedKeys(key)) === null)
    throw broken(
      folder,
      'its checkpoint is not signed by a key of this log. Put it back from its backup; where another key signed before this one, name its public half in UNITRAIL_LOG_KEYS_BEFORE',
    );
  return checkpoint;
}

/** This log's present key, and those that signed before it. Not those on record: whoever has changed the database adds one there. */
function trustedKeys({ text, before }: LogKey): string[] {
  return [text, ...before];
}

/**
 * The leaves of the database at the edge of the kept tree are those of the tree: salts are random, so that a database that was
 * restored and then went on has others there. The auditor compares all of them.
 */
async function requireBeginning(
  db: Database,
  folder: LogFolder,
  edge: TreeEdge,
  kept: Checkpoint,
  size: number,
): Promise<void> {
  if (size < kept.size)
    throw broken(
      folder,
      `its checkpoint is of ${kept.size} leaves, and the database has only ${size}. ${WHY}`,
    );
  const leaves = await edge.lastLeaves();
  const first = kept.size - leaves.length;
  let at = 0;
  const entries: Uint8Array[] = [];
  for await (const entry of logEntries(db, first, kept.size)) {
    if (!isSameHash(hasher.leaf(entry), leaves[at]!))
      throw broken(
        folder,
        `leaf ${first + at} of its checkpoint ${kept.size} is another one in the database. ${WHY}`,
      );
    entries.push(entry);
    at += 1;
  }
  edge.restoreEntries(leaves.length === TILE_WIDTH ? [] : entries);
}

function broken({ folder }: LogFolder, what: string): UnitrailError {
  return new UnitrailError('LOG_BROKEN', `The log in ${folder} can't go on: ${what}.`, { folder });
}
