import {
  claimUnits,
  serialBlocks,
  takenSerials,
  usedPlaces,
  voidNumbers,
  type Block,
  type ClaimedUnit,
  type NumberPlace,
} from '../adapters/postgres/batch-ledger';
import type { Database } from '../adapters/postgres/database';
import type { Watermark } from '../adapters/registry/watermark';
import { UnitrailError } from '../domain/errors';
import { parsePattern, renderSerial } from '../domain/serial-scheme';

interface Range {
  readonly from: number;
  readonly to: number;
}

type Claim = NumberPlace & { readonly index: number; readonly value: string };
type Numbered = NumberPlace & { readonly value: string };

/** Each round books void what can't be issued, and its replacements are looked at in the next one. */
const MOST_ROUNDS = 50;

/**
 * Claims the units of these indexes. A unit gets the number of its block that its index says; where that one is void, the
 * first free number of the batch's extra blocks. What was claimed before is found as it was, whoever asks.
 */
export async function claimBatchUnits(
  { db, watermark }: { db: Database; watermark: Watermark },
  batch: string,
  range: Range,
): Promise<ClaimedUnit[]> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { claims, voids } = await propose(db, batch, range);
    if (voids.length === 0) return claimUnits(db, batch, claims);
    await voidNumbers(db, batch, voids);
    // Their replacements were granted.
    await watermark.keep();
  }
  throw new UnitrailError(
    'SCHEME_EXHAUSTED',
    `Batch ${batch}: almost every number of its scheme is skipped or taken. Give its product another scheme.`,
  );
}

async function propose(db: Database, batch: string, { from, to }: Range) {
  const [blocks, used] = [await serialBlocks(db, batch), await usedPlaces(db, batch, from, to)];
  const isUsed = new Set(used.places.map(keyOf));
  const spare = sparePlaces(blocks.slice(1), isUsed);
  const claimed = new Set(used.claimedIndexes);
  const claims: Claim[] = [];
  for (let index = from; index <= to; index += 1) {
    const own = { block: blocks[0]!.id, ordinal: index - 1 };
    // A unit that is there already is found by its index; its place is only a form.
    const place = claimed.has(index) || !isUsed.has(keyOf(own)) ? own : spare.next().value;
    if (!place) throw replacementMissing(batch, index);
    claims.push({ index, ...place, value: valueAt(blocks, place) });
  }
  const open = claims.filter(({ index }) => !claimed.has(index));
  return { claims, voids: await unusable(db, blocks[0]!.issuer, open) };
}

function* sparePlaces(
  extra: readonly Block[],
  isUsed: ReadonlySet<string>,
): Generator<NumberPlace, undefined> {
  for (const { id, size } of extra) {
    for (let ordinal = 0; ordinal < size; ordinal += 1) {
      const place = { block: id, ordinal };
      if (!isUsed.has(keyOf(place))) yield place;
    }
  }
}

async function unusable(db: Database, issuer: string, open: readonly Numbered[]) {
  const taken = await takenSerials(
    db,
    issuer,
    open.map(({ value }) => value),
  );
  return open
    .filter(({ value }) => taken.has(value))
    .map(({ block, ordinal, value }) => ({ block, ordinal, value, why: 'taken' as const }));
}

function valueAt(blocks: readonly Block[], { block: id, ordinal }: NumberPlace): string {
  const block = blocks.find((candidate) => candidate.id === id)!;
  const number = block.firstNumber + ordinal;
  return renderSerial(parsePattern(block.pattern), { facts: block.facts, number });
}

function replacementMissing(batch: string, index: number): UnitrailError {
  // Another worker takes the replacements at this moment: asked again, its claims are seen.
  return new UnitrailError('STATE_MOVED_ON', `Unit ${index} of batch ${batch} has no free number yet.`);
}

function keyOf({ block, ordinal }: NumberPlace): string {
  return `${block}/${ordinal}`;
}
