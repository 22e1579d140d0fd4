import { crc32, type BenchBytes, type WriteImageArgs } from '../../domain/bench-protocol';
import { BenchError } from './bench-error';
import type { Board } from './boards';
import { eraseFlash, programFlash, programmedBytes, readFlash } from './flash-memory';
import { decode, type Scene } from './scene';

/**
 * begin erases, chunks follow in order, end starts the firmware. How far it got is the flash memory itself, so
 * that a bench that was killed in between goes on where the silicon stands.
 */
export function writeImage(scene: Scene, board: Board, args: WriteImageArgs): true {
  if (args.phase === 'begin') return begin(scene, board, args.sizeBytes);
  checkSession(scene, board);
  return args.phase === 'chunk' ? writeChunk(scene, board, args) : end(scene, board);
}

function begin(scene: Scene, board: Board, sizeBytes: number): true {
  setImage(scene, board, { sizeBytes, complete: false, fence: scene.fence });
  eraseFlash(flashOf(scene, board));
  return true;
}

function writeChunk(scene: Scene, board: Board, args: Extract<WriteImageArgs, { phase: 'chunk' }>): true {
  if (scene.fault?.fault === 'wrongCrc') throw damaged(scene, board);
  const bytes = decode(scene, args);
  const file = flashOf(scene, board);
  const written = programmedBytes(file);
  if (args.offset !== written || written + bytes.length > board.image!.sizeBytes)
    throw outOfOrder(
      scene,
      `at ${written} of ${board.image!.sizeBytes} bytes came ${bytes.length} for ${args.offset}`,
    );
  if (scene.fault?.fault === 'brownOut') throw brownOut(scene, board, bytes);
  programFlash(file, bytes);
  return true;
}

function end(scene: Scene, board: Board): true {
  const { sizeBytes } = board.image!;
  const written = programmedBytes(flashOf(scene, board));
  if (written !== sizeBytes) throw outOfOrder(scene, `the image ended at ${written} of ${sizeBytes} bytes`);
  setImage(scene, board, { sizeBytes, complete: true, fence: null });
  return true;
}

/** The flash memory as it is, with 0xFF where nothing was programmed. */
export function readImage(
  scene: Scene,
  board: Board,
  range: { offset: number; sizeBytes: number },
): BenchBytes {
  const bytes = readFlash(flashOf(scene, board), range.offset, range.sizeBytes);
  const crc = crc32(bytes);
  // Damaged on the way: what arrives has another CRC than what was sent.
  const sent = scene.fault?.fault === 'wrongCrc' ? (crc ^ 1) >>> 0 : crc;
  return { data: Buffer.from(bytes).toString('base64'), crc32: sent };
}

/** Where in the image a brown-out or a damaged chunk strikes. */
export function strikingByte(board: Board | undefined, atBytes: number | undefined): number {
  const sizeBytes = board?.image?.sizeBytes ?? 0;
  return Math.min(atBytes ?? Math.floor(sizeBytes / 2), Math.max(0, sizeBytes - 1));
}

/** A chunk belongs to the fence that began: the rest of an older writer's image is not taken for its own. */
function checkSession(scene: Scene, board: Board): void {
  if (board.image?.fence !== scene.fence) throw outOfOrder(scene, 'no image was begun under this lease');
}

/** The power goes within the chunk: the bytes up to there are in the flash memory, and the writing is over. */
function brownOut(scene: Scene, board: Board, bytes: Uint8Array): BenchError {
  const file = flashOf(scene, board);
  const left = Math.max(0, strikingByte(board, scene.fault?.atBytes) - programmedBytes(file));
  programFlash(file, bytes.subarray(0, left));
  setImage(scene, board, { ...board.image!, fence: null });
  return new BenchError(
    'BROWN_OUT',
    `The board in slot ${scene.slot.slot} lost its power after ${programmedBytes(file)} bytes of the image.`,
  );
}

function damaged(scene: Scene, board: Board): BenchError {
  setImage(scene, board, { ...board.image!, fence: null });
  return new BenchError(
    'WRONG_CRC',
    `The board in slot ${scene.slot.slot} received a chunk with a wrong CRC-32.`,
  );
}

function setImage({ world }: Scene, board: Board, image: Board['image']): void {
  board.image = image;
  world.boards.save(board);
}

function flashOf({ world }: Scene, board: Board): string {
  return world.boards.flashFile(board);
}

function outOfOrder({ slot }: Scene, what: string): BenchError {
  return new BenchError('REFUSED', `The programmer of slot ${slot.slot} refused: ${what}.`);
}
