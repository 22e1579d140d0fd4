import { join } from 'node:path';
import type { BenchTraveller } from '../../domain/bench-protocol';
import { BenchError } from './bench-error';
import { makeFolder, namesIn, readJson, writeJson } from './files';

export interface Slot {
  readonly slot: string;
  /** The highest fence that was seen: it only grows. */
  fence: number;
  board: string | null;
  /** The unit that the operator was asked for: with a swapped board it is not the board's own. */
  traveller: BenchTraveller | null;
}

/** A plant has tens of slots: more is a mistake of the caller, and would fill the disk. */
const maxSlots = 1000;

export type Slots = ReturnType<typeof openSlots>;

export function openSlots(home: string) {
  const root = makeFolder(join(home, 'slots'));
  const slots = new Map(readSlots(root).map((slot) => [slot.slot, slot]));

  const save = (slot: Slot): void => writeJson(join(root, `${slot.slot.replace('/', '~')}.json`), slot);
  const make = (name: string): Slot => {
    if (slots.size >= maxSlots)
      throw new BenchError('BAD_REQUEST', `The bench has ${maxSlots} slots already.`);
    const slot: Slot = { slot: name, fence: 0, board: null, traveller: null };
    slots.set(name, slot);
    return slot;
  };

  return {
    /** The slot, for the holder of this fence. A higher fence takes the slot over; a lower one is refused. */
    enter(name: string, fence: number): Slot {
      const slot = slots.get(name) ?? make(name);
      if (fence < slot.fence) throw staleFence(slot, fence);
      if (fence > slot.fence) {
        slot.fence = fence;
        save(slot);
      }
      return slot;
    },
    place(slot: Slot, board: string, traveller: BenchTraveller | null): void {
      Object.assign(slot, { board, traveller });
      save(slot);
    },
    empty(slot: Slot): void {
      Object.assign(slot, { board: null, traveller: null });
      save(slot);
    },
    holding: (board: string): Slot | undefined => [...slots.values()].find((slot) => slot.board === board),
  };
}

function readSlots(root: string): Slot[] {
  const files = namesIn(root).filter((file) => file.endsWith('.json'));
  return files.map((file) => readJson<Slot>(join(root, file))).filter((slot) => slot !== undefined);
}

function staleFence(slot: Slot, fence: number): BenchError {
  return new BenchError(
    'FENCE_STALE',
    `Slot ${slot.slot} was taken over with fence ${slot.fence}; fence ${fence} may not touch it any more.`,
  );
}
