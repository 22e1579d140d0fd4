import type { BlockRow } from './plant';
import type { Snapshot } from './snapshot';
import { numberFact, type ReadEvent } from './stored-event';

interface Place {
  readonly block: BlockRow;
  readonly number: number;
}

/**
 * What stands in buyers' lists at the places that the histories at hand name, and no more: a list may have a million numbers,
 * and there may be many of them.
 */
export class ListedValues {
  private filled: readonly Place[] = [];

  constructor(
    private readonly snapshot: Snapshot,
    private readonly blocks: ReadonlyMap<number, BlockRow>,
  ) {}

  /** Lets go what was read before, and reads what these events name. */
  async load(events: readonly ReadEvent[]): Promise<void> {
    for (const { block } of this.filled) block.listed?.clear();
    const places = events.flatMap((event) => this.placeOf(event) ?? []);
    this.filled = places;
    if (places.length === 0) return;
    const rows = await this.snapshot.rows<{ at: number; value: string }>(
      `select t.at, l.value from unnest($1::bigint[], $2::bigint[]) with ordinality as t(space, number, at)
       join listed_numbers l on l.space_id = t.space and l.position = t.number`,
      [places.map(({ block }) => block.space), places.map(({ number }) => number)],
    );
    for (const { at, value } of rows) {
      const { block, number } = places[at - 1]!;
      block.listed!.set(number, value);
    }
  }

  private placeOf({ facts }: ReadEvent): Place | null {
    const block = this.blocks.get(numberFact(facts, 'block') ?? -1);
    const ordinal = numberFact(facts, 'ordinal');
    if (!block?.listed || ordinal === null || !Number.isSafeInteger(ordinal)) return null;
    return { block, number: block.first + ordinal };
  }
}
