import { createServer, type AddressInfo, type Socket } from 'node:net';
import {
  createLineReader,
  maxLineLength,
  type BenchLine,
  type SensorEvent,
} from '../../domain/bench-protocol';
import { BenchError } from './bench-error';
import type { Bench } from './bench';
import { silence } from './scene';

const maxConnections = 64;
/** A client that asks and never reads is given up: its answers would fill our memory. */
const maxUnreadBytes = 8 * 1024 * 1024;
const maxPendingRequests = 256;

export interface BenchServer {
  readonly port: number;
  broadcast(event: SensorEvent): void;
  close(): Promise<void>;
}

/** Listens on the loopback interface alone: the protocol has no password. */
export async function listen(bench: Bench, port: number): Promise<BenchServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(bench, socket);
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    broadcast: (event) => sockets.forEach((socket) => send(socket, event)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.forEach((socket) => socket.destroy());
      }),
  };
}

function serve(bench: Bench, socket: Socket): void {
  const readLines = createLineReader();
  let pending = 0;
  socket.setEncoding('utf8');
  // A client that vanishes is its own affair; 'close' follows.
  socket.on('error', () => {});
  socket.on('data', (text: string) => {
    const lines = readLines(text);
    if (lines === null || pending + lines.length > maxPendingRequests) return giveUp(socket);
    for (const line of lines) {
      pending += 1;
      void answer(bench, socket, line).finally(() => (pending -= 1));
    }
  });
}

async function answer(bench: Bench, socket: Socket, line: string): Promise<void> {
  let id: number | null = null;
  try {
    const request = parse(line);
    id = idOf(request);
    const ok = await bench(request);
    if (ok !== silence) send(socket, { id: id!, ok });
  } catch (error) {
    send(socket, { id, error: describe(error) });
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new BenchError('BAD_REQUEST', 'A request is one JSON object on one line.');
  }
}

function idOf(request: unknown): number | null {
  const id = (request as { id?: unknown } | null)?.id;
  return typeof id === 'number' ? id : null;
}

function describe(error: unknown): Pick<BenchError, 'code' | 'message'> & { output?: readonly string[] } {
  if (error instanceof BenchError) {
    const { code, message, output } = error;
    return { code, message, ...(output.length > 0 && { output }) };
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return { code: 'INTERNAL', message: 'The virtual bench failed; its error output says why.' };
}

function send(socket: Socket, line: BenchLine): void {
  if (socket.destroyed) return;
  socket.write(`${JSON.stringify(line)}\n`);
  if (socket.writableLength > maxUnreadBytes) socket.destroy();
}

function giveUp(socket: Socket): void {
  const message = `A line holds at most ${maxLineLength} characters, and ${maxPendingRequests} requests may be open.`;
  socket.removeAllListeners('data');
  socket.end(
    `${JSON.stringify({ id: null, error: { code: 'BAD_REQUEST', message } } satisfies BenchLine)}\n`,
  );
  socket.destroySoon();
}
