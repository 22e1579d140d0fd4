/**
 * What a monitor asks of a worker process, on one address: `/metrics` (Prometheus), `/livez` (does it still work, or has it
 * to be started again), `/readyz` (does it work, and can it reach what it needs).
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import type { Database } from '../adapters/postgres/database';
import { freePort } from '../adapters/stack/free-port';
import { UnitrailError } from '../domain/errors';
import { createMetrics, type Metrics } from './metrics';

const REACH_MS = 3_000;

type Watched = Pick<Worker, 'getState'>;
/** `ok`, or what is wrong. */
type Checks = Record<string, string>;

export class Monitor {
  readonly metrics: Metrics = createMetrics();
  private readonly workers: Watched[] = [];
  private readonly databases: Database[] = [];
  private client: Client | null = null;

  private constructor(
    /** Where the native part of the SDK offers its own metrics: for this process alone, which passes them on. */
    readonly sdkAddress: string,
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('request', (request, response) => void this.answer(request, response));
  }

  /** The address is taken at once, so that one that is in use is told before anything is started. */
  static async open(address: string | null): Promise<Monitor | null> {
    if (address === null) return null;
    const [host, port] = splitAddress(address);
    const server = createServer();
    try {
      server.listen(port, host);
      await once(server, 'listening');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new UnitrailError(
        'CONFIGURATION_INVALID',
        `UNITRAIL_METRICS_ADDRESS: "${address}" can't be listened on (${code}); a free port, each process its own`,
        {},
        { cause },
      );
    }
    const { port: taken } = server.address() as AddressInfo;
    return new Monitor(`127.0.0.1:${await freePort()}`, server, `http://${host}:${taken}/metrics`);
  }

  watch(worker: Watched, db?: Database): void {
    this.workers.push(worker);
    if (db) this.databases.push(db);
  }

  /** From now on the process can be ready. */
  listen(client: Client): void {
    this.client = client;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0];
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'only GET\n');
      if (path === '/metrics') return end(response, 200, await this.allMetrics(), this.metrics.contentType);
      if (path === '/livez') return report(response, this.liveChecks());
      if (path === '/readyz') return report(response, await this.readyChecks());
      end(response, 404, 'one of /metrics, /livez, /readyz\n');
    } catch (error) {
      end(response, 500, `${error instanceof Error ? error.message : String(error)}\n`);
    }
  }

  private async allMetrics(): Promise<string> {
    const [ours, sdks] = await Promise.all([this.metrics.text(), this.sdkMetrics()]);
    return `${ours}\n${sdks}`;
  }

  /** Empty before the native part has started; that is no reason to withhold ours. */
  private async sdkMetrics(): Promise<string> {
    try {
      const answer = await fetch(`http://${this.sdkAddress}/metrics`, {
        signal: AbortSignal.timeout(REACH_MS),
      });
      return await answer.text();
    } catch {
      return '';
    }
  }

  private liveChecks(): Checks {
    const failed = this.workers.filter((worker) => ['FAILED', 'STOPPED'].includes(worker.getState()));
    return { workers: failed.length === 0 ? 'ok' : `${failed.length} of ${this.workers.length} have ended` };
  }

  private async readyChecks(): Promise<Checks> {
    const running = this.workers.filter((worker) => worker.getState() === 'RUNNING').length;
    const isStarted = this.client !== null && running === this.workers.length;
    const { client } = this;
    const [database, temporal] = await Promise.all([
      reached(Promise.all(this.databases.map((db) => db.raw('select 1')))),
      client === null
        ? 'not connected yet'
        : reached(client.withDeadline(Date.now() + REACH_MS, () => client.workflowService.getSystemInfo({}))),
    ]);
    return {
      workers: isStarted ? 'ok' : `${running} of ${this.workers.length} run`,
      ...(this.databases.length > 0 && { database }),
      temporal,
    };
  }
}

async function reached(question: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${REACH_MS / 1_000} s`), REACH_MS);
  });
  try {
    return await Promise.race([question.then(() => 'ok'), tooLate]);
  } catch {
    return 'can not be reached';
  } finally {
    clearTimeout(timer);
  }
}

function splitAddress(address: string): [string, number] {
  const at = address.lastIndexOf(':');
  return [address.slice(0, at), Number(address.slice(at + 1))];
}

function report(response: ServerResponse, checks: Checks): void {
  const isWell = Object.values(checks).every((check) => check === 'ok');
  end(response, isWell ? 200 : 503, `${JSON.stringify(checks)}\n`, 'application/json');
}

function end(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}
