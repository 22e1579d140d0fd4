import { connect, type Socket } from 'node:net';
import {
  createLineReader,
  type BenchErrorCode,
  type BenchLine,
  type BenchReply,
  type SensorEvent,
} from '../../domain/bench-protocol';
import { UnitrailError } from '../../domain/errors';
import { lastLines } from '../../domain/tool-output';

/** What a request is for, as people are told: the action and, where there is one, the slot. */
export interface Errand {
  readonly do: string;
  readonly slot?: string;
}

/** The bench answered, and said no. The driver makes an error of the catalogue out of it. */
export class BenchRefusal extends Error {
  constructor(
    readonly code: BenchErrorCode,
    message: string,
    readonly output: readonly string[] = [],
  ) {
    super(message);
  }
}

export interface ConnectionSettings {
  /** `127.0.0.1:4711`. */
  readonly address: string;
  readonly connectMs: number;
  readonly onSensor?: ((event: SensorEvent) => void) | undefined;
}

export interface BenchConnection {
  /**
   * What `ok` holds. Rejects with STATION_OFFLINE where nothing could be sent, with DEVICE_NOT_RESPONDING where
   * it is not known whether the request was carried out, with the signal's reason, or with BenchRefusal.
   */
  request(
    errand: Errand & Record<string, unknown>,
    deadlineMs: number,
    signal?: AbortSignal,
  ): Promise<unknown>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (ok: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** The connection broke: whether the bench did it is not known. */
  readonly lost: () => void;
}

interface Line {
  readonly socket: Socket;
  readonly waiting: Map<number, Waiting>;
}

/** One TCP connection for all slots. It is made when it is first needed, and again after it broke. */
export function openBenchConnection(settings: ConnectionSettings): BenchConnection {
  const { host, port } = parseAddress(settings.address);
  let line: Promise<Line> | undefined;
  let closed = false;
  let lastId = 0;

  const openLine = (errand: Errand): Promise<Line> => {
    if (closed) throw offline(settings, errand, 'the driver was closed');
    line ??= dial({ ...settings, host, port }, () => (line = undefined));
    return line.catch((error: unknown) => {
      throw offline(settings, errand, error instanceof Error ? error.message : String(error));
    });
  };

  return {
    async request(errand, deadlineMs, signal) {
      signal?.throwIfAborted();
      const { socket, waiting } = await openLine(errand);
      signal?.throwIfAborted();
      const id = (lastId += 1);
      return new Promise((resolve, reject) => {
        const settle = settler(() => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          waiting.delete(id);
        });
        const abort = settle(() => reject(signal?.reason));
        const timer = setTimeout(
          settle(() => reject(noAnswer(errand, deadlineMs))),
          deadlineMs,
        );
        signal?.addEventListener('abort', abort);
        waiting.set(id, {
          resolve: settle(resolve),
          reject: settle(reject),
          lost: settle(() => reject(lost(errand))),
        });
        socket.write(`${JSON.stringify({ id, ...errand })}\n`);
      });
    },
    async close() {
      closed = true;
      const current = await line?.catch(() => undefined);
      if (!current || current.socket.destroyed) return;
      await new Promise<void>((resolve) => {
        current.socket.once('close', () => resolve());
        current.socket.destroy();
      });
    },
  };
}

/** Whatever ends a request first, cleans up after it; what comes later finds nobody. */
function settler(cleanUp: () => void) {
  return <Args extends readonly unknown[]>(end: (...args: Args) => void) =>
    (...args: Args): void => {
      cleanUp();
      end(...args);
    };
}

type Target = ConnectionSettings & { readonly host: string; readonly port: number };

function dial({ host, port, connectMs, onSensor }: Target, onClose: () => void): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 5_000 });
    const line: Line = { socket, waiting: new Map() };
    const timer = setTimeout(
      () => socket.destroy(new Error(`no connection within ${connectMs} ms`)),
      connectMs,
    );
    socket.setEncoding('utf8');
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(line);
    });
    // 'close' follows every error: one place decides what a broken connection means.
    let cause = new Error('the connection was closed');
    socket.on('error', (error) => (cause = error));
    socket.once('close', () => {
      clearTimeout(timer);
      onClose();
      for (const waiting of [...line.waiting.values()]) waiting.lost();
      reject(cause);
    });
    listenTo(line, onSensor);
  });
}

function listenTo({ socket, waiting }: Line, onSensor: ConnectionSettings['onSensor']): void {
  const readLines = createLineReader();
  socket.on('data', (text: string) => {
    const lines = readLines(text)?.map(parseLine);
    // Who does not speak the protocol is not the bench: every waiting request fails with the connection.
    if (!lines || lines.includes(undefined)) return void socket.destroy();
    for (const line of lines) {
      if (line && 'event' in line) onSensor?.(line);
      else if (line) deliver(waiting, line);
    }
  });
}

function deliver(waiting: Map<number, Waiting>, reply: BenchReply): void {
  // A reply that nobody waits for came after its deadline: the request has failed already.
  const request = reply.id === null ? undefined : waiting.get(reply.id);
  if ('error' in reply) {
    const { code, message, output } = reply.error;
    request?.reject(new BenchRefusal(code, message, output));
  } else request?.resolve(reply.ok);
}

function parseLine(text: string): BenchLine | undefined {
  try {
    return JSON.parse(text) as BenchLine;
  } catch {
    return undefined;
  }
}

function parseAddress(address: string): { host: string; port: number } {
  const [, host, port] = /^([A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(address) ?? [];
  if (host && Number(port) >= 1 && Number(port) <= 65535) return { host, port: Number(port) };
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `The address of the virtual bench, "${address}", is not allowed; host and port are, such as 127.0.0.1:4711.`,
  );
}

function where({ slot }: Errand): string {
  return slot === undefined ? 'The virtual bench' : `Slot ${slot}`;
}

function offline({ address }: ConnectionSettings, errand: Errand, why: string): UnitrailError {
  return new UnitrailError(
    'STATION_OFFLINE',
    `The virtual bench at ${address} can't be reached (${why}). "${errand.do}" was not sent${errand.slot ? ` to slot ${errand.slot}` : ''}. Start the bench, then retry the step.`,
    { address, do: errand.do, slot: errand.slot },
  );
}

function noAnswer(errand: Errand, deadlineMs: number): UnitrailError {
  return new UnitrailError(
    'DEVICE_NOT_RESPONDING',
    `${where(errand)} gave no answer to "${errand.do}" within ${deadlineMs} ms. Whether it was done is not known. Look at the board, then retry the step.`,
    {
      ...{ do: errand.do, slot: errand.slot, deadlineMs },
      output: lastLines([`> ${errand.do} ${errand.slot ?? ''}`.trim(), `no answer within ${deadlineMs} ms`]),
    },
  );
}

function lost(errand: Errand): UnitrailError {
  return new UnitrailError(
    'DEVICE_NOT_RESPONDING',
    `The connection to the virtual bench broke while ${where(errand)} was asked for "${errand.do}". Whether it was done is not known. Retry the step.`,
    { do: errand.do, slot: errand.slot },
  );
}
