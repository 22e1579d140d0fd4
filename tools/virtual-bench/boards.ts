import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BenchIdentity, BenchTraveller, BoardState } from '../../domain/bench-protocol';
import { makeFolder, namesIn, readBytes, readJson, writeJson, writeWhole } from './files';

/** All that a board is, apart from its flash memory and the labels on it, which are files beside this one. */
export interface Board {
  readonly id: string;
  readonly uid: string;
  /** The slip that travels with the board; a stranger has none. */
  traveller: BenchTraveller | null;
  identity: BenchIdentity | null;
  /** `fence` is that of the writer while an image is being written. */
  image: { sizeBytes: number; complete: boolean; fence: number | null } | null;
  /** PKCS#8. It never leaves the board. */
  keyPem: string | null;
  certificatePem: string | null;
  /** How many readings were taken: each has a value of its own. */
  readings: number;
}

export function boardState(board: Board): BoardState {
  if (!board.image) return 'blank';
  return board.image.complete ? 'running' : 'halfWritten';
}

export type Boards = ReturnType<typeof openBoards>;

/** The boards in `home`, one folder each. A board is read when it is needed and kept while it is in use. */
export function openBoards(home: string) {
  const root = makeFolder(join(home, 'boards'));
  const newestFile = join(home, 'newest-board.json');
  const inUse = new Map<string, Board>();
  const folder = (id: string) => join(root, id);

  const look = (id: string): Board | undefined =>
    inUse.get(id) ?? readJson<Board>(join(folder(id), 'board.json'));
  const get = (id: string): Board | undefined => {
    const board = look(id);
    if (board) inUse.set(id, board);
    return board;
  };
  const save = (board: Board): void => writeJson(join(folder(board.id), 'board.json'), board);
  const labelFolder = (board: Board): string => join(folder(board.id), 'labels');
  const labelFiles = (board: Board): string[] =>
    namesIn(labelFolder(board)).filter((name) => name.endsWith('.png'));
  const ids = (): string[] => namesIn(root);

  return {
    get,
    save,
    /** A board that leaves its slot may be forgotten: its file says it all. */
    release: (id: string): void => void inUse.delete(id),
    flashFile: (board: Board): string => join(folder(board.id), 'flash.bin'),

    make(id: string, traveller: BenchTraveller | null, uid = newUid()): Board {
      const board = { ...blankBoard, id, uid, traveller };
      makeFolder(folder(id));
      save(board);
      writeJson(newestFile, id);
      inUse.set(id, board);
      return board;
    },

    /** The board that was made last. */
    newest(): Board | undefined {
      const id = readJson<string>(newestFile);
      return id === undefined ? undefined : get(id);
    },

    /** Reads every board if it must: for faults that name a serial, not for daily work. */
    bySerial: (serial: string): Board | undefined =>
      ids()
        .map(look)
        .find((board) => board?.traveller?.serial === serial),

    page(offset: number, limit: number): { total: number; boards: Board[] } {
      const all = ids();
      const boards = all.slice(offset, offset + limit).map(look);
      return { total: all.length, boards: boards.filter((board) => board !== undefined) };
    },

    /** One file is both the label and the note that it was printed: a kill can't part them. */
    applyLabel(board: Board, jobId: string, png: Uint8Array): void {
      const number = String(labelFiles(board).length + 1).padStart(6, '0');
      writeWhole(join(makeFolder(labelFolder(board)), `${number}~${encodeURIComponent(jobId)}.png`), png);
    },
    /** The job ids of all labels that came out for the board, oldest first. */
    labels: (board: Board): string[] =>
      labelFiles(board).map((file) => decodeURIComponent(file.slice(file.indexOf('~') + 1, -'.png'.length))),
    /** The label on top. */
    labelOn(board: Board): Uint8Array | undefined {
      const file = labelFiles(board).at(-1);
      return file === undefined ? undefined : readBytes(join(labelFolder(board), file));
    },
  };
}

const blankBoard = {
  identity: null,
  image: null,
  keyPem: null,
  certificatePem: null,
  readings: 0,
} as const;

export function unitBoardId(traveller: BenchTraveller): string {
  return `unit-${traveller.unitId}`;
}

export function strangerBoardId(): string {
  return `stranger-${randomBytes(6).toString('hex')}`;
}

/** 96 bits, as in a common family of microcontrollers. */
function newUid(): string {
  return randomBytes(12).toString('hex').toUpperCase();
}
