import { Client } from 'pg';
import { EventEmitter } from 'node:events';

/** A wait that ends when the unit is called, the time is over or the signal aborts: it never rejects. */
export interface Call {
  readonly promise: Promise<void>;
  cancel(): void;
}

const RECONNECT_MS = 1_000;

/**
 * Notifications of one channel, by payload. The connection is the process's own (a pooled one loses its LISTEN);
 * when it is lost, waits end by their time and a new connection is made. A missed call costs time, never a unit.
 */
export class Notifications {
  private readonly calls = new EventEmitter().setMaxListeners(0);
  private client: Client | null = null;
  private closed = false;
  private waitsEnded = false;
  private retry: NodeJS.Timeout | undefined;

  private constructor(
    private readonly url: string,
    private readonly channel: 'unitrail_slot' | 'unitrail_clear',
  ) {}

  static async listen(url: string, channel: 'unitrail_slot' | 'unitrail_clear'): Promise<Notifications> {
    const notifications = new Notifications(url, channel);
    await notifications.connect();
    return notifications;
  }

  next(payload: string, timeoutMs: number, signal: AbortSignal): Call {
    let end: () => void = () => {};
    const promise = new Promise<void>((resolve) => {
      const timer = setTimeout(() => end(), timeoutMs);
      end = () => {
        clearTimeout(timer);
        this.calls.off(payload, end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.calls.on(payload, end);
      signal.addEventListener('abort', end);
      if (signal.aborted || this.waitsEnded) end();
    });
    return { promise, cancel: () => end() };
  }

  /** The process is about to stop: nobody waits any longer, and a new wait ends at once. */
  endWaits(): void {
    this.waitsEnded = true;
    for (const payload of this.calls.eventNames()) this.calls.emit(payload);
  }

  get ended(): boolean {
    return this.waitsEnded;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.client?.end();
  }

  private async connect(): Promise<void> {
    const client = new Client({
      connectionString: this.url,
      application_name: `unitrail-${this.channel}`,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    client.on('error', () => this.reconnect(client));
    client.on('end', () => this.reconnect(client));
    client.on('notification', ({ payload }) => this.calls.emit(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${this.channel}`);
      // Closed while it was being made: nobody else would end it.
      if (this.closed) return await client.end();
      this.client = client;
    } catch {
      this.reconnect(client);
    }
  }

  private reconnect(lost: Client): void {
    if (this.closed || (this.client !== null && this.client !== lost) || this.retry) return;
    this.client = null;
    this.retry = setTimeout(() => {
      this.retry = undefined;
      void this.connect();
    }, RECONNECT_MS);
  }
}
