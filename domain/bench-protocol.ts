/**
 * The wire format between a driver and the virtual bench: one JSON object a line over TCP.
 * tools/virtual-bench/README.md describes it in words. Here stand the types, the limits and the two pure
 * helpers that both ends need; neither end may import the other.
 */

/** One line, newline excluded. A label in base64 fits; an image never does, it goes in chunks. */
export const maxLineLength = 1024 * 1024;
/** Bytes of an image in one request or reply. */
export const chunkBytes = 16 * 1024;
/** The flash memory of a board. */
export const flashBytes = 8 * 1024 * 1024;
export const maxLabelBytes = 512 * 1024;

export interface BenchTraveller {
  readonly unitId: string;
  readonly serial: string;
  readonly batch: string;
  readonly index: number;
}

export interface BenchIdentity {
  readonly serial: string;
  readonly macs: readonly string[];
}

export interface BenchMeasurement {
  readonly name: string;
  readonly value: number | null;
}

/** Bytes on the wire: base64, and the CRC-32 of what they decode to. */
export interface BenchBytes {
  readonly data: string;
  readonly crc32: number;
}

export type WriteImageArgs =
  | { readonly phase: 'begin'; readonly sizeBytes: number }
  | ({ readonly phase: 'chunk'; readonly offset: number } & BenchBytes)
  | { readonly phase: 'end' };

type Nothing = Record<never, never>;

/** What a slot can be asked: the arguments beside slot and fence, and what `ok` holds. */
export interface BenchCalls {
  present: { args: { traveller: BenchTraveller }; ok: true };
  clear: { args: Nothing; ok: true };
  occupied: { args: Nothing; ok: boolean };
  readUid: { args: Nothing; ok: string };
  writeImage: { args: WriteImageArgs; ok: true };
  readImage: { args: { offset: number; sizeBytes: number }; ok: BenchBytes };
  writeIdentity: { args: { identity: BenchIdentity }; ok: true };
  readIdentity: { args: Nothing; ok: BenchIdentity | null };
  firmwareSha256: { args: Nothing; ok: string };
  createRequest: { args: { serial: string }; ok: string };
  installCertificate: { args: { certificatePem: string }; ok: true };
  readCertificate: { args: Nothing; ok: string | null };
  signNonce: { args: { nonceHex: string }; ok: string };
  measure: { args: { names: readonly string[] }; ok: readonly BenchMeasurement[] };
  print: { args: { jobId: string } & BenchBytes; ok: true };
  jobState: { args: { jobId: string }; ok: 'printed' | 'never' | 'unknown' };
  scan: { args: Nothing; ok: string | null };
}

export type BenchAction = keyof BenchCalls;

/** What the bench itself can be asked, by tests and demos: no slot, no fence. */
export interface BenchControls {
  /** Which bench this is: another one after each start. */
  hello: { args: Nothing; ok: { instance: string } };
  /** Without a plan: only tells what remains. With one: replaces what remained. */
  faults: { args: { plan?: readonly FaultEntry[] }; ok: { remaining: readonly FaultEntry[] } };
  /** Every board that was ever presented, in pages. */
  boards: { args: { offset: number; limit: number }; ok: { total: number; boards: readonly BoardSummary[] } };
}

export type BenchControl = keyof BenchControls;

/** A board as an observer with eyes sees it: for the assertions of demos and tests, never for a driver. */
export interface BoardSummary {
  readonly board: string;
  readonly uid: string;
  readonly traveller: BenchTraveller | null;
  readonly slot: string | null;
  readonly state: BoardState;
  readonly identity: BenchIdentity | null;
  readonly hasCertificate: boolean;
  /** The job ids of all labels that came out of the printer for this board, oldest first. */
  readonly labels: readonly string[];
}

/** blank: never written or erased; halfWritten: an image was begun and did not end; running: it ended. */
export type BoardState = 'blank' | 'halfWritten' | 'running';

export const faultKinds = [
  'noAnswer',
  'doneButNoAnswer',
  'refuse',
  'wrongCrc',
  'brownOut',
  'outOfLimits',
  'duplicateUid',
  'swappedBoard',
  'printerForgets',
  'printLost',
  'printTwice',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** One entry of a fault plan. Entries without batch, index and serial strike any unit. */
export interface FaultEntry {
  readonly do: BenchAction;
  readonly fault: FaultKind;
  readonly batch?: string | undefined;
  readonly index?: number | undefined;
  readonly serial?: string | undefined;
  /** How often it strikes; 1 unless given. */
  readonly times?: number | undefined;
  /** brownOut, wrongCrc: where in the image; in its middle unless given. */
  readonly atBytes?: number | undefined;
  /** outOfLimits: which measurement (the first known one unless given) and its value. */
  readonly name?: string | undefined;
  readonly value?: number | undefined;
  /** duplicateUid: the serial whose board has the UID already; the newest board unless given. */
  readonly of?: string | undefined;
  /** swappedBoard: the serial whose board is put in; a stranger's unless given or unless it is in a slot. */
  readonly with?: string | undefined;
  /** printerForgets: whether the label came out before the printer lost its memory. */
  readonly printed?: boolean | undefined;
}

export const benchErrorCodes = [
  /** The request breaks the protocol or one of its limits. */
  'BAD_REQUEST',
  'FENCE_STALE',
  'BOARD_NOT_PRESENT',
  /** The board of another unit is still in the slot. */
  'SLOT_OCCUPIED',
  'WRONG_CRC',
  'BROWN_OUT',
  /** The flash memory holds no whole image: the board does not start. */
  'NOT_RUNNING',
  'REFUSED',
  /** The bench's own fault: a full disk, a bug. */
  'INTERNAL',
] as const;

export type BenchErrorCode = (typeof benchErrorCodes)[number];

export type BenchReply =
  | { readonly id: number; readonly ok: unknown }
  | {
      readonly id: number | null;
      readonly error: {
        readonly code: BenchErrorCode;
        readonly message: string;
        /** What the slot's equipment wrote last, the oldest line first. */
        readonly output?: readonly string[];
      };
    };

/** What the slot's sensor reports; goes to every connection, unasked. */
export interface SensorEvent {
  readonly event: 'board-in' | 'board-out';
  readonly slot: string;
  readonly uid: string;
}

export type BenchLine = BenchReply | SensorEvent;

/** CRC-32 as in IEEE 802.3, ZIP and PNG. zlib.crc32 came with Node 20.15, later than what we run on. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) crc = crcTable[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** Cuts a stream of text into lines. Returns null once a line is longer than allowed: give the peer up. */
export function createLineReader(maxLength = maxLineLength): (text: string) => string[] | null {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const tooLong = rest.length > maxLength || lines.some((line) => line.length > maxLength);
    return tooLong ? null : lines.filter((line) => line !== '');
  };
}
