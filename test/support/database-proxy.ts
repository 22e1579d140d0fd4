/**
 * A TCP proxy before Postgres that knows where a statement begins and where its answer ends. With it a test can let
 * the database do its work and lose the answer (done, but failed), lose the statement itself, or keep either waiting
 * while the world is taken away: what a worker sees that dies right there.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | null)[];
  /** Transactions are told apart by it. */
  readonly connection: number;
}

type Sent = Omit<Statement, 'connection'>;

export interface Interference {
  /** Before it reaches the server, or after the server has answered that it is done. */
  readonly when: 'before' | 'after';
  /** The connection breaks, or nothing moves on it any more. */
  readonly then: 'cut' | 'freeze';
}

export type Interfere = (statement: Statement) => Interference | null | Promise<Interference | null>;

export class DatabaseProxy {
  /** Asked about every statement. */
  interfere: Interfere = () => null;
  private readonly wires = new Set<Wire>();
  private opened = 0;

  private constructor(private readonly server: Server) {}

  /** Stands before the server that the URL names. */
  static async before(url: string): Promise<DatabaseProxy> {
    const { hostname, port } = new URL(url);
    const server = createServer();
    const proxy = new DatabaseProxy(server);
    server.on('connection', (client) => proxy.open(client, connect(Number(port), hostname)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** The same login on the same database, through the proxy. */
  urlFor(url: string): string {
    const other = new URL(url);
    other.hostname = '127.0.0.1';
    other.port = String((this.server.address() as AddressInfo).port);
    return other.href;
  }

  /** How many connections stand still now. */
  get frozen(): number {
    return [...this.wires].filter((wire) => wire.frozen).length;
  }

  cutFrozen(): void {
    for (const wire of this.wires) if (wire.frozen) wire.cut();
  }

  async close(): Promise<void> {
    for (const wire of this.wires) wire.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private open(client: Socket, server: Socket): void {
    const connection = (this.opened += 1);
    const wire = new Wire(client, server, (sent) => this.interfere({ ...sent, connection }));
    this.wires.add(wire);
    client.once('close', () => this.wires.delete(wire));
  }
}

const startupHeaderBytes = 4;
const headerBytes = 5;

/** One connection of a client. */
class Wire {
  frozen = false;
  private started = false;
  private fromClient = Buffer.alloc(0);
  private fromServer = Buffer.alloc(0);
  /** Messages of the statement that the client is still sending. */
  private pending: Buffer[] = [];
  /** A statement with a name is parsed once a connection, and afterwards only bound. */
  private readonly named = new Map<string, string>();
  /** What happens once the answer to the present statement is complete. */
  private afterAnswer: Interference['then'] | null = null;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly interfere: (sent: Sent) => ReturnType<Interfere>,
  ) {
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.once('close', () => this.cut());
    }
    client.on('data', (bytes) => this.hearClient(bytes));
    server.on('data', (bytes) => this.hearServer(bytes));
  }

  cut(): void {
    this.client.destroy();
    this.server.destroy();
  }

  private hearClient(bytes: Buffer): void {
    this.fromClient = Buffer.concat([this.fromClient, bytes]);
    if (!this.started) this.passStartup();
    if (!this.started) return;
    for (let message = this.nextOf('fromClient'); message; message = this.nextOf('fromClient'))
      this.pass(message);
  }

  /** The first message has no type, only its length. */
  private passStartup(): void {
    if (this.fromClient.length < startupHeaderBytes) return;
    const length = this.fromClient.readInt32BE(0);
    if (this.fromClient.length < length) return;
    this.server.write(this.fromClient.subarray(0, length));
    this.fromClient = this.fromClient.subarray(length);
    this.started = true;
  }

  private nextOf(side: 'fromClient' | 'fromServer'): Buffer | null {
    const buffer = this[side];
    if (buffer.length < headerBytes) return null;
    const length = 1 + buffer.readInt32BE(1);
    if (buffer.length < length) return null;
    this[side] = buffer.subarray(length);
    return buffer.subarray(0, length);
  }

  /** A statement is judged once all of it is here: Query, or everything from Parse or Bind to Sync. */
  private pass(message: Buffer): void {
    if (this.frozen) return;
    const type = String.fromCharCode(message[0]!);
    if (type === 'P' || type === 'B' || this.pending.length > 0) {
      this.pending.push(message);
      if (type === 'S') void this.judge(statementOf(this.pending, this.named), Buffer.concat(this.pending));
    } else if (type === 'Q') void this.judge({ sql: textAt(message, headerBytes).text, values: [] }, message);
    else this.server.write(message);
  }

  /** The client waits for the answer before it sends its next statement. */
  private async judge(statement: Sent, bytes: Buffer): Promise<void> {
    this.pending = [];
    const interference = await this.interfere(statement);
    if (interference?.when === 'before') return this.strike(interference.then);
    this.afterAnswer = interference?.then ?? null;
    this.server.write(bytes);
  }

  /** ReadyForQuery ends an answer; outside a transaction it says that the statement is committed. */
  private hearServer(bytes: Buffer): void {
    if (this.frozen) return;
    if (this.afterAnswer === null) {
      this.client.write(bytes);
      return;
    }
    this.fromServer = Buffer.concat([this.fromServer, bytes]);
    for (let message = this.nextOf('fromServer'); message; message = this.nextOf('fromServer')) {
      if (message[0] === 'Z'.charCodeAt(0)) return this.strike(this.afterAnswer);
    }
  }

  private strike(how: Interference['then']): void {
    if (how === 'cut') this.cut();
    else this.frozen = true;
  }
}

/** Parse: name, text, …; Bind: portal, name, formats, values, …. Values come as text, as pg sends them. */
function statementOf(messages: readonly Buffer[], named: Map<string, string>): Sent {
  const ofType = (type: string): Buffer | undefined =>
    messages.find((message) => message[0] === type.charCodeAt(0));
  const [parse, bind] = [ofType('P'), ofType('B')];
  if (parse) {
    const name = textAt(parse, headerBytes);
    named.set(name.text, textAt(parse, name.end).text);
  }
  const name = bind ? textAt(bind, textAt(bind, headerBytes).end).text : '';
  return { sql: named.get(name) ?? '', values: bind ? valuesOf(bind) : [] };
}

function valuesOf(bind: Buffer): (string | null)[] {
  let at = textAt(bind, textAt(bind, headerBytes).end).end;
  at += 2 + 2 * bind.readInt16BE(at);
  const count = bind.readInt16BE(at);
  at += 2;
  return Array.from({ length: count }, () => {
    const length = bind.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return bind.toString('utf8', at - length, at);
  });
}

/** Text that ends with a zero byte, and where the next field begins. */
function textAt(message: Buffer, at: number): { text: string; end: number } {
  const zero = message.indexOf(0, at);
  return { text: message.toString('utf8', at, zero), end: zero + 1 };
}
