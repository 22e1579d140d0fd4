import type {
  BenchAction,
  BenchBytes,
  BenchCalls,
  BenchTraveller,
  FaultEntry,
} from '../../domain/bench-protocol';
import { BenchError } from './bench-error';
import { unitBoardId, type Board } from './boards';
import { isCertificateFor, makeKeyPem, makeRequestPem, signNonce } from './device-key';
import { hashFlash } from './flash-memory';
import { readImage, writeImage } from './image-transfer';
import { rasteriseLabel } from './label-raster';
import { faultyReading, reading } from './measurements';
import { scanLabel } from './scanner';
import { decode, silence, type Scene } from './scene';
import type { Slot } from './slots';
import { boardIn, insert, otherBoard, takeOut, type World } from './world';

type Outcome<Action extends BenchAction> = BenchCalls[Action]['ok'] | typeof silence;

/** Up to its first `await` an action is one piece: no other request comes between. */
export type Actions = {
  readonly [Action in BenchAction]: (
    scene: Scene,
    args: BenchCalls[Action]['args'],
  ) => Outcome<Action> | Promise<Outcome<Action>>;
};

export const actions: Actions = {
  present: (scene, { traveller }) => present(scene, traveller),
  clear({ world, slot }) {
    if (slot.board !== null) takeOut(world, slot);
    return true;
  },
  occupied: ({ slot }) => slot.board !== null,

  readUid: (scene) => boardOf(scene).uid,
  writeImage: (scene, args) => writeImage(scene, boardOf(scene), args),
  readImage: (scene, args) => readImage(scene, boardOf(scene), args),
  writeIdentity: (scene, { identity }) => change(scene, boardOf(scene), { identity }),
  readIdentity: (scene) => boardOf(scene).identity,

  firmwareSha256(scene) {
    const board = runningBoard(scene);
    return hashFlash(scene.world.boards.flashFile(board), board.image!.sizeBytes);
  },
  createRequest: (scene, { serial }) => createRequest(scene, serial),
  installCertificate(scene, { certificatePem }) {
    const board = runningBoard(scene);
    if (!isCertificateFor(keyOf(scene, board), certificatePem))
      throw refused(scene, 'refused the certificate: it is not for its key');
    return change(scene, board, { certificatePem });
  },
  readCertificate: (scene) => runningBoard(scene).certificatePem,
  signNonce: (scene, { nonceHex }) => signNonce(keyOf(scene, runningBoard(scene)), nonceHex),

  measure: (scene, { names }) => measure(scene, names),
  print: (scene, job) => print(scene, job),
  jobState: ({ world }, { jobId }) => world.printer.jobState(jobId),
  scan(scene) {
    const label = scene.world.boards.labelOn(boardOf(scene));
    return label ? scanLabel(label) : null;
  },
};

function present({ world, slot, fault }: Scene, traveller: BenchTraveller): true {
  if (slot.board !== null && slot.traveller?.unitId === traveller.unitId) return true;
  const ownId = unitBoardId(traveller);
  if (slot.board === ownId) world.slots.place(slot, ownId, traveller);
  else if (slot.board !== null) throw occupied(slot);
  else insert(world, slot, boardFor(world, traveller, fault), traveller);
  return true;
}

/** The unit's own board, made when it is first asked for, unless a fault has it otherwise. */
function boardFor(world: World, traveller: BenchTraveller, fault: FaultEntry | undefined): Board {
  if (fault?.fault === 'swappedBoard') return otherBoard(world, fault.with);
  const twin = fault?.fault === 'duplicateUid' ? earlierBoard(world, fault.of) : undefined;
  const id = unitBoardId(traveller);
  return world.boards.get(id) ?? world.boards.make(id, traveller, twin?.uid);
}

export function earlierBoard(world: World, serial: string | undefined): Board | undefined {
  return serial === undefined ? world.boards.newest() : world.boards.bySerial(serial);
}

/** The key is made and kept before anything is waited for: two requests at once get the same one. */
async function createRequest(scene: Scene, serial: string): Promise<string> {
  const board = runningBoard(scene);
  if (board.identity && board.identity.serial !== serial)
    throw refused(
      scene,
      `refused to ask for a certificate for ${serial}: its serial is ${board.identity.serial}`,
    );
  if (board.keyPem === null) change(scene, board, { keyPem: makeKeyPem() });
  return makeRequestPem(keyOf(scene, board), serial);
}

function measure(scene: Scene, names: readonly string[]): BenchCalls['measure']['ok'] {
  const board = boardOf(scene);
  change(scene, board, { readings: board.readings + 1 });
  const whose = board.traveller ? `${board.traveller.batch}|${board.traveller.index}` : board.id;
  const seed = `${scene.world.seed}|${whose}|${board.readings}`;
  const fault = scene.fault?.fault === 'outOfLimits' ? scene.fault : undefined;
  const faulty = fault && (fault.name ?? names.find((name) => faultyReading(name) !== null));
  return names.map((name) => ({
    name,
    value: name === faulty ? (fault?.value ?? faultyReading(name)) : reading(name, seed),
  }));
}

/**
 * Prints and applies. Like a real printer it prints again what it is sent again: that a job stays one label is
 * the business of who sends it.
 */
function print(scene: Scene, { jobId, ...bytes }: { jobId: string } & BenchBytes): Outcome<'print'> {
  const { world } = scene;
  const board = boardOf(scene);
  const label = decode(scene, bytes);
  rasteriseLabel(label);
  const kind = scene.fault?.fault;
  if (kind === 'printLost') return true;
  // Killed between here and the end, the printer does not know: that is the truth.
  world.printer.remember(jobId, 'unknown');
  for (let copy = 0; copy < copiesOf(scene.fault); copy += 1) world.boards.applyLabel(board, jobId, label);
  if (kind === 'printerForgets') return silence;
  world.printer.remember(jobId, 'printed');
  return true;
}

function copiesOf(fault: FaultEntry | undefined): number {
  if (fault?.fault === 'printTwice') return 2;
  return fault?.fault === 'printerForgets' && fault.printed === false ? 0 : 1;
}

function boardOf({ world, slot }: Scene): Board {
  return boardIn(world, slot);
}

/** A device answers for itself only while its firmware runs. */
function runningBoard(scene: Scene): Board {
  const board = boardOf(scene);
  if (board.image?.complete) return board;
  throw new BenchError(
    'NOT_RUNNING',
    `The board in slot ${scene.slot.slot} does not start: there is no whole image in its flash memory.`,
  );
}

function keyOf(scene: Scene, { keyPem }: Board): string {
  if (keyPem !== null) return keyPem;
  throw refused(scene, 'has no key yet: it makes one when it is asked for a certificate request');
}

function change({ world }: Scene, board: Board, news: Partial<Board>): true {
  Object.assign(board, news);
  world.boards.save(board);
  return true;
}

function refused({ slot }: Scene, what: string): BenchError {
  return new BenchError('REFUSED', `The board in slot ${slot.slot} ${what}.`);
}

function occupied(slot: Slot): BenchError {
  const whose = slot.traveller ? `the board of ${slot.traveller.serial}` : 'another board';
  return new BenchError('SLOT_OCCUPIED', `In slot ${slot.slot} there is still ${whose}.`);
}
