import {
  chunkBytes,
  crc32,
  type BenchAction,
  type BenchBytes,
  type BenchCalls,
  type SensorEvent,
} from '../../domain/bench-protocol';
import { UnitrailError } from '../../domain/errors';
import type { Device, Fixture, Place, Printer, Programmer, Scanner, StationDevices, Tester } from './ports';
import { openBenchConnection } from './virtual-bench-connection';
import { explainRefusal } from './virtual-bench-errors';

export interface BenchDeadlines {
  /** To reach the bench at all. */
  readonly connect: number;
  /** An answer that costs the equipment nothing: a reading, one chunk of an image. */
  readonly answer: number;
  /** A person puts a board in or takes it out. */
  readonly operator: number;
  /** The equipment works: keys, measurements, labels, scans. */
  readonly work: number;
  /** A whole image, with all its chunks. */
  readonly image: number;
}

export type DeadlineKind = keyof BenchDeadlines;

export const defaultDeadlinesMs: BenchDeadlines = {
  connect: 2_000,
  answer: 3_000,
  operator: 10_000,
  work: 5_000,
  image: 60_000,
};

const kinds: Readonly<Record<BenchAction, 'answer' | 'operator' | 'work'>> = {
  present: 'operator',
  clear: 'operator',
  occupied: 'answer',
  readUid: 'answer',
  writeImage: 'answer',
  readImage: 'answer',
  writeIdentity: 'answer',
  readIdentity: 'answer',
  firmwareSha256: 'answer',
  createRequest: 'work',
  installCertificate: 'answer',
  readCertificate: 'answer',
  signNonce: 'answer',
  measure: 'work',
  print: 'work',
  jobState: 'answer',
  scan: 'work',
};

export interface VirtualBenchSettings {
  /** `127.0.0.1:4711`, as the bench printed its port. */
  readonly address: string;
  readonly deadlinesMs?: Partial<BenchDeadlines>;
  /** What the slots' sensors report, of all slots of the bench. */
  readonly onSensor?: (event: SensorEvent) => void;
}

/** Asks one slot; `leftMs` shortens the deadline where a longer action has less time left. */
type Ask = <Action extends BenchAction>(
  action: Action,
  place: Place,
  args: BenchCalls[Action]['args'],
  leftMs?: number,
) => Promise<BenchCalls[Action]['ok']>;

/**
 * The devices of every station, on the virtual bench. The connection is made at the first request: a worker
 * starts before its bench, and lives through the bench's restarts. `close` ends it.
 */
export async function connectVirtualBench(settings: VirtualBenchSettings): Promise<StationDevices> {
  const deadlinesMs = { ...defaultDeadlinesMs, ...settings.deadlinesMs };
  const { address, onSensor } = settings;
  const connection = openBenchConnection({ address, onSensor, connectMs: deadlinesMs.connect });

  const ask: Ask = async (action, { slot, fence, signal }, args, leftMs = Infinity) => {
    const deadlineMs = Math.min(deadlinesMs[kinds[action]], leftMs);
    try {
      const answer = await connection.request({ ...args, do: action, slot, fence }, deadlineMs, signal);
      // The bench is our own, on the loopback interface: what it answers has the shape that the protocol says.
      return answer as BenchCalls[typeof action]['ok'];
    } catch (error) {
      throw explainRefusal(error, action, slot);
    }
  };

  return {
    fixture: fixture(ask),
    programmer: programmer(ask, deadlinesMs.image),
    device: device(ask),
    tester: tester(ask),
    printer: printer(ask),
    scanner: scanner(ask),
    close: () => connection.close(),
  };
}

function fixture(ask: Ask): Fixture {
  return {
    async present(place, { unitId, serial, batch, index }) {
      await ask('present', place, { traveller: { unitId, serial, batch, index } });
    },
    async clear(place) {
      await ask('clear', place, {});
    },
    occupied: (place) => ask('occupied', place, {}),
  };
}

function programmer(ask: Ask, imageMs: number): Programmer {
  return {
    readUid: (place) => ask('readUid', place, {}),
    writeImage: (place, image, onProgress) =>
      writeImage(ask, place, image, timeLeft(place, 'writeImage', imageMs), onProgress),
    readImage: (place, sizeBytes) => readImage(ask, place, sizeBytes, timeLeft(place, 'readImage', imageMs)),
    async writeIdentity(place, { serial, macs }) {
      await ask('writeIdentity', place, { identity: { serial, macs } });
    },
    readIdentity: (place) => ask('readIdentity', place, {}),
  };
}

function device(ask: Ask): Device {
  return {
    firmwareSha256: (place) => ask('firmwareSha256', place, {}),
    createRequest: (place, serial) => ask('createRequest', place, { serial }),
    async installCertificate(place, certificatePem) {
      await ask('installCertificate', place, { certificatePem });
    },
    readCertificate: (place) => ask('readCertificate', place, {}),
    signNonce: (place, nonceHex) => ask('signNonce', place, { nonceHex }),
  };
}

function tester(ask: Ask): Tester {
  return { measure: (place, names) => ask('measure', place, { names }) };
}

function printer(ask: Ask): Printer {
  return {
    async print(place, jobId, labelPng) {
      await ask('print', place, { jobId, ...encode(labelPng) });
    },
    jobState: (place, jobId) => ask('jobState', place, { jobId }),
  };
}

function scanner(ask: Ask): Scanner {
  return { scan: (place) => ask('scan', place, {}) };
}

async function writeImage(
  ask: Ask,
  place: Place,
  image: Uint8Array,
  leftMs: () => number,
  onProgress: (writtenBytes: number) => void = () => {},
): Promise<void> {
  await ask('writeImage', place, { phase: 'begin', sizeBytes: image.length }, leftMs());
  for (let offset = 0; offset < image.length; offset += chunkBytes) {
    const chunk = image.subarray(offset, offset + chunkBytes);
    await ask('writeImage', place, { phase: 'chunk', offset, ...encode(chunk) }, leftMs());
    onProgress(offset + chunk.length);
  }
  await ask('writeImage', place, { phase: 'end' }, leftMs());
}

async function readImage(
  ask: Ask,
  place: Place,
  sizeBytes: number,
  leftMs: () => number,
): Promise<Uint8Array> {
  const image = new Uint8Array(sizeBytes);
  for (let offset = 0; offset < sizeBytes; offset += chunkBytes) {
    const wanted = Math.min(chunkBytes, sizeBytes - offset);
    const bytes = await ask('readImage', place, { offset, sizeBytes: wanted }, leftMs());
    image.set(decode(place, bytes, wanted), offset);
  }
  return image;
}

function encode(bytes: Uint8Array): BenchBytes {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return { data, crc32: crc32(bytes) };
}

function decode({ slot }: Place, { data, crc32: expected }: BenchBytes, sizeBytes: number): Uint8Array {
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length === sizeBytes && crc32(bytes) === expected) return bytes;
  throw new UnitrailError(
    'FLASH_VERIFY_FAILED',
    `What the programmer of slot ${slot} read back was damaged on its way: the CRC-32 is wrong. Check the cable, then retry the step.`,
    { slot },
  );
}

/** Tells how much of the time is left, and throws once none is. */
function timeLeft({ slot }: Place, action: BenchAction, wholeMs: number): () => number {
  const end = performance.now() + wholeMs;
  return () => {
    const leftMs = Math.ceil(end - performance.now());
    if (leftMs > 0) return leftMs;
    throw new UnitrailError(
      'DEVICE_NOT_RESPONDING',
      `Slot ${slot} did not end "${action}" within ${wholeMs} ms. Check the programmer, then retry the step.`,
      { slot, do: action, deadlineMs: wholeMs },
    );
  };
}
