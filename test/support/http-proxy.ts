import { once } from 'node:events';
import {
  createServer,
  request as ask,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GivenAnswer {
  readonly status: number;
  readonly body: string;
}

/** Stands before a server that speaks HTTP, and answers in its place what a test wants. */
export class HttpProxy {
  /** Asked about every request; null: the server answers. */
  answer: (request: IncomingMessage) => GivenAnswer | null | Promise<GivenAnswer | null> = () => null;

  private constructor(
    private readonly server: Server,
    private readonly behind: URL,
  ) {}

  static async before(endpoint: string): Promise<HttpProxy> {
    const server = createServer();
    const proxy = new HttpProxy(server, new URL(endpoint));
    server.on('request', (request, response) => {
      void Promise.resolve(proxy.answer(request)).then((given) => {
        if (given === null) return proxy.pass(request, response);
        request.resume();
        response.writeHead(given.status, { 'content-type': 'application/xml' }).end(given.body);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  /** With the client's own headers: what it has signed names this proxy as the host. */
  private pass(request: IncomingMessage, response: ServerResponse): void {
    const { hostname, port } = this.behind;
    const { method, url: path, headers } = request;
    const onward = ask({ hostname, port, method, path, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }
}

/** As a server that speaks S3 says that it does not do it. */
export function s3Refusal(status: number, code: string): GivenAnswer {
  return { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>` };
}
