import type { BenchControls, BoardSummary, FaultEntry } from '../../domain/bench-protocol';
import { actions, earlierBoard, type Actions } from './actions';
import { BenchError } from './bench-error';
import { boardState, unitBoardId, type Board } from './boards';
import { strikingByte } from './image-transfer';
import { Consoles } from './console';
import type { Pace } from './pace';
import { isControl, parseFaultPlan, parseRequest, type ControlRequest, type SlotRequest } from './requests';
import { silence } from './scene';
import type { Slot } from './slots';
import { swapBoard, type World } from './world';

/** Answers one request: what `ok` holds, or `silence`; throws BenchError. */
export type Bench = (input: unknown) => Promise<unknown>;

export function createBench(world: World, pace: Pace, instance: string): Bench {
  const consoles = new Consoles();
  return async (input) => {
    const request = parseRequest(input);
    if (isControl(request)) return answerControl(world, instance, request);
    consoles.asked(request);
    try {
      return await answerSlot(world, pace, request);
    } catch (error) {
      throw error instanceof BenchError ? withOutput(consoles, request, error) : error;
    }
  };
}

function withOutput(consoles: Consoles, request: SlotRequest, error: BenchError): BenchError {
  consoles.refused(request, error);
  return new BenchError(error.code, error.message, consoles.lines(request.slot));
}

async function answerSlot(world: World, pace: Pace, request: SlotRequest): Promise<unknown> {
  world.slots.enter(request.slot, request.fence);
  await pace(request.do);
  // Once more: the slot may have been taken over while the hardware took its time.
  const slot = world.slots.enter(request.slot, request.fence);
  const fault = world.faults.take(request.do, travellerOf(slot, request), (entry) =>
    strikes(world, slot, request, entry),
  );
  if (fault?.fault === 'noAnswer') return silence;
  if (fault?.fault === 'refuse') throw refusal(slot, request);
  if (fault?.fault === 'swappedBoard' && request.do !== 'present') swapBoard(world, slot, fault);
  const outcome = await act(world, slot, request, fault);
  return fault?.fault === 'doneButNoAnswer' ? silence : outcome;
}

function act(world: World, slot: Slot, request: SlotRequest, fault: FaultEntry | undefined): unknown {
  // `do` and the arguments belong together: parseRequest has checked it, the compiler can't follow.
  const action = actions[request.do] as Actions['clear'];
  return action({ world, slot, fence: request.fence, fault }, request);
}

function travellerOf(slot: Slot, request: SlotRequest) {
  return request.do === 'present' ? request.traveller : slot.traveller;
}

/** Whether the fault can happen in this very request: an image is written in many. */
function strikes(world: World, slot: Slot, request: SlotRequest, entry: FaultEntry): boolean {
  if (request.do === 'writeImage') return strikesImage(world, slot, request, entry);
  if (entry.fault === 'duplicateUid') return strikesNewBoard(world, request, entry);
  if (request.do === 'measure' && entry.name !== undefined) return request.names.includes(entry.name);
  if (entry.fault === 'swappedBoard') return (request.do === 'present') === (slot.board === null);
  return true;
}

function strikesImage(
  world: World,
  slot: Slot,
  request: Extract<SlotRequest, { do: 'writeImage' }>,
  entry: FaultEntry,
): boolean {
  if (entry.fault === 'doneButNoAnswer') return request.phase === 'end';
  if (entry.fault !== 'brownOut' && entry.fault !== 'wrongCrc')
    return request.phase === 'begin' && slot.board !== null;
  if (request.phase !== 'chunk' || slot.board === null) return false;
  const at = strikingByte(world.boards.get(slot.board), entry.atBytes);
  return at >= request.offset && at < request.offset + Buffer.byteLength(request.data, 'base64');
}

/** A board gets its UID when it is made, and only a board that exists can have a twin. */
function strikesNewBoard(world: World, request: SlotRequest, entry: FaultEntry): boolean {
  if (request.do !== 'present' || world.boards.get(unitBoardId(request.traveller))) return false;
  return earlierBoard(world, entry.of) !== undefined;
}

function answerControl(world: World, instance: string, request: ControlRequest): unknown {
  if (request.do === 'hello') return { instance };
  if (request.do === 'boards') return listBoards(world, request);
  if (request.plan) world.faults.replace(parseFaultPlan(request.plan));
  return { remaining: world.faults.remaining() };
}

function listBoards(world: World, { offset, limit }: BenchControls['boards']['args']) {
  const { total, boards } = world.boards.page(offset, limit);
  return { total, boards: boards.map((board) => summary(world, board)) };
}

function summary(world: World, board: Board): BoardSummary {
  return {
    board: board.id,
    uid: board.uid,
    traveller: board.traveller,
    slot: world.slots.holding(board.id)?.slot ?? null,
    state: boardState(board),
    identity: board.identity,
    hasCertificate: board.certificatePem !== null,
    labels: world.boards.labels(board),
  };
}

function refusal(slot: Slot, request: SlotRequest): BenchError {
  return new BenchError('REFUSED', `The equipment of slot ${slot.slot} refused to do "${request.do}".`);
}
