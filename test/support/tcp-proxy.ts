import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands before a server, and cuts or stills what goes through it. */
export class TcpProxy {
  /** Bytes of a client, counted for each connection anew, after which it is cut. */
  cutAfterBytes = Infinity;
  /** Bytes of a client after which nothing moves any more, in either direction, and nobody hears of it. */
  stillAfterBytes = Infinity;
  /** Bytes of a client after which it waits, once, for what then happens. */
  pause: { readonly afterBytes: number; readonly happens: () => Promise<unknown> } | null = null;
  connections = 0;
  /** Bytes of the client that sent most. */
  mostBytes = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  static async before(port: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, port);
    server.on('connection', (client) => proxy.open(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get ownPort(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private open(client: Socket): void {
    this.connections += 1;
    const server = connect(this.port, '127.0.0.1');
    const cut = (): void => (client.destroy(), server.destroy(), void 0);
    let count = 0;
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', cut);
      socket.once('close', () => (this.sockets.delete(socket), cut()));
    }
    client.on('data', (bytes) => {
      const before = count;
      count += bytes.length;
      this.mostBytes = Math.max(this.mostBytes, count);
      const { pause } = this;
      if (pause && count > pause.afterBytes) {
        this.pause = null;
        client.pause();
        void pause.happens().then(() => (server.write(bytes), client.resume()));
        return;
      }
      if (count > this.stillAfterBytes) return;
      if (count > this.cutAfterBytes) server.write(bytes.subarray(0, this.cutAfterBytes - before), cut);
      else server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (count <= this.stillAfterBytes) client.write(bytes);
    });
  }
}
