import type { SchemeKeys } from '../adapters/keys/scheme-keys';
import { LISTED, serialBlocks, type Block, type ClaimedUnit } from '../adapters/postgres/batch-ledger';
import {
  claimUnits,
  placeKey,
  takenSerials,
  usedPlaces,
  voidNumbers,
  type NumberPlace,
} from '../adapters/postgres/claims';
import type { Database } from '../adapters/postgres/database';
import { rememberingOrderRefusal } from '../adapters/postgres/order-refusals';
import { listedValues } from '../adapters/postgres/number-lists';
import type { Watermark } from '../adapters/registry/watermark';
import { UnitrailError } from '../domain/errors';
import { isSkipped, parsePattern, renderSerial, serialText } from '../domain/serial-scheme';
import { hashOfBlock, NO_KEYS } from './hidden-numbers';

interface Range {
  readonly from: number;
  readonly to: number;
}

interface Deps {
  readonly db: Database;
  readonly keys: SchemeKeys;
}

/** Each round books void what can't be issued, and its replacements are looked at in the next one. */
const MOST_ROUNDS = 50;

/**
 * Claims the units of these indexes. A unit gets the number of its block that its index says; where that one is void, or the
 * batch was topped up with the unit, the first free number of the batch's extra blocks. What was claimed before is found as it was, whoever asks.
 */
export async function claimBatchUnits(
  { db, watermark, keys = NO_KEYS }: { db: Database; watermark: Watermark; keys?: SchemeKeys },
  batch: string,
  range: Range,
): Promise<ClaimedUnit[]> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { claims, voids } = await propose({ db, keys }, batch, range);
    if (voids.length === 0) {
      const asked = { batch, what: 'claim', units: claims.length } as const;
      const units = await rememberingOrderRefusal(db, asked, claimUnits(db, batch, claims));
      // Before they leave: whoever restores an older database has to notice that they were issued.
      await watermark.keep();
      return units;
    }
    await voidNumbers(db, batch, voids);
  }
  // What is void is on record: the next try goes on behind it, to the end of the scheme's numbers.
  throw new UnitrailError(
    'STATE_MOVED_ON',
    `Batch ${batch}: many numbers of its scheme are skipped or taken.`,
  );
}

async function propose(deps: Deps, batch: string, { from, to }: Range) {
  const { db } = deps;
  const [blocks, used] = [await serialBlocks(db, batch), await usedPlaces(db, batch, from, to)];
  const isUsed = new Set(used.places.map(placeKey));
  const spare = sparePlaces(blocks.slice(1), isUsed);
  const claimed = new Set(used.claimedIndexes);
  const places: (NumberPlace & { index: number })[] = [];
  for (let index = from; index <= to; index += 1) {
    const own = { block: blocks[0]!.id, ordinal: index - 1 };
    // A unit that is there already is found by its index; its place is only a form.
    const isOwn = claimed.has(index) || (index <= blocks[0]!.size && !isUsed.has(placeKey(own)));
    const place = isOwn ? own : spare.next().value;
    if (!place) throw replacementMissing(batch, index);
    places.push({ index, ...place });
  }
  const numbers = await numbersAt(deps, blocks, places);
  const voids = await unusable(
    db,
    blocks[0]!.issuer,
    numbers.filter(({ index }) => !claimed.has(index)),
  );
  return {
    claims: numbers.map(({ index, block, ordinal, value }) => ({ index, block, ordinal, value })),
    voids,
  };
}

function* sparePlaces(
  extra: readonly Block[],
  isUsed: ReadonlySet<string>,
): Generator<NumberPlace, undefined> {
  for (const { id, size } of extra) {
    for (let ordinal = 0; ordinal < size; ordinal += 1) {
      const place = { block: id, ordinal };
      if (!isUsed.has(placeKey(place))) yield place;
    }
  }
}

/** A number with its value, and whether its scheme never issues it. */
type Numbered<Place> = Place & { readonly value: string; readonly isSkipped: boolean };

async function numbersAt<Place extends NumberPlace>(
  deps: Deps,
  blocks: readonly Block[],
  places: readonly Place[],
): Promise<Numbered<Place>[]> {
  const valueOf = new Map<number, (ordinal: number) => { value: string; isSkipped: boolean }>();
  for (const block of blocks) {
    const ordinals = places.filter((place) => place.block === block.id).map(({ ordinal }) => ordinal);
    if (ordinals.length > 0) valueOf.set(block.id, await valuesOf(deps, block, ordinals));
  }
  return places.map((place) => ({ ...place, ...valueOf.get(place.block)!(place.ordinal) }));
}

/** Of a buyer's list: what stands there. Otherwise what the pattern makes of the number, by the facts of the grant and the key that they name. */
async function valuesOf({ db, keys }: Deps, block: Block, ordinals: readonly number[]) {
  const { firstNumber, facts } = block;
  if (block.pattern === LISTED) {
    const listed = await listedValues(
      db,
      block.space,
      ordinals.map((ordinal) => firstNumber + ordinal),
    );
    return (ordinal: number) => ({ value: listed.get(firstNumber + ordinal)!, isSkipped: false });
  }
  const [pattern, hash] = [parsePattern(block.pattern), await hashOfBlock(keys, block)];
  return (ordinal: number) => {
    const number = firstNumber + ordinal;
    const isOut = isSkipped(pattern, facts, number, hash);
    return {
      value: isOut
        ? serialText(pattern, facts, number, hash)
        : renderSerial(pattern, { facts, number, hash }),
      isSkipped: isOut,
    };
  };
}

/** A number that another has is taken, whether its scheme would skip it or not: it has no row of its own. */
async function unusable(db: Database, issuer: string, open: readonly Numbered<NumberPlace>[]) {
  const taken = await takenSerials(db, issuer, open);
  return open.flatMap(({ block, ordinal, value, isSkipped }) => {
    const why = taken.has(value) ? 'taken' : isSkipped ? 'skipped' : null;
    return why === null ? [] : [{ block, ordinal, value, why } as const];
  });
}

function replacementMissing(batch: string, index: number): UnitrailError {
  // Another worker takes the replacements at this moment: asked again, its claims are seen.
  return new UnitrailError('STATE_MOVED_ON', `Unit ${index} of batch ${batch} has no free number yet.`);
}
