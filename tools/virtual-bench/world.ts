import type { FaultEntry, SensorEvent } from '../../domain/bench-protocol';
import { BenchError } from './bench-error';
import { openBoards, strangerBoardId, type Board, type Boards } from './boards';
import { openFaultPlan, type FaultPlan } from './fault-plan';
import { makeFolder } from './files';
import { openPrinter, type Printer } from './printer';
import { openSlots, type Slot, type Slots } from './slots';

/** Everything physical: boards, slots, the printer's memory, and the mishaps to come. */
export interface World {
  readonly boards: Boards;
  readonly slots: Slots;
  readonly printer: Printer;
  readonly faults: FaultPlan;
  /** Of the measurements: the same seed measures the same. */
  readonly seed: string;
  readonly report: (event: SensorEvent) => void;
}

/** Opens the folder as it was left, by whatever end. */
export function openWorld(home: string, seed: string, report: World['report']): World {
  makeFolder(home);
  return {
    boards: openBoards(home),
    slots: openSlots(home),
    printer: openPrinter(home),
    faults: openFaultPlan(home),
    seed,
    report,
  };
}

/** The board in the slot, or BOARD_NOT_PRESENT. */
export function boardIn(world: World, slot: Slot): Board {
  const board = slot.board === null ? undefined : world.boards.get(slot.board);
  if (board) return board;
  throw new BenchError('BOARD_NOT_PRESENT', `There is no board in slot ${slot.slot}.`);
}

/** Puts the board into the empty slot; wherever it was, it is no more. */
export function insert(world: World, slot: Slot, board: Board, traveller: Slot['traveller']): void {
  const former = world.slots.holding(board.id);
  if (former) takeOut(world, former);
  world.slots.place(slot, board.id, traveller);
  world.report({ event: 'board-in', slot: slot.slot, uid: board.uid });
}

export function takeOut(world: World, slot: Slot): void {
  const board = boardIn(world, slot);
  world.slots.empty(slot);
  world.boards.release(board.id);
  world.report({ event: 'board-out', slot: slot.slot, uid: board.uid });
}

/** Another board takes the place of the unit's, and nobody is told but the sensor. */
export function swapBoard(world: World, slot: Slot, fault: FaultEntry): void {
  const { traveller } = slot;
  if (slot.board !== null) takeOut(world, slot);
  insert(world, slot, otherBoard(world, fault.with), traveller);
}

/** The named unit's board if it lies about; one that no unit owns otherwise. */
export function otherBoard(world: World, serial: string | undefined): Board {
  const named = serial === undefined ? undefined : world.boards.bySerial(serial);
  return named && !world.slots.holding(named.id) ? named : world.boards.make(strangerBoardId(), null);
}
