import type { StationDevices } from '../adapters/devices/ports';
import type { Database } from '../adapters/postgres/database';
import { reportCleared, slotsToClear } from '../adapters/postgres/ledger';
import type { Notifications } from '../adapters/postgres/notifications';
import { UnitrailError } from '../domain/errors';
import type { Logger } from './log';

const SWEEP_MS = 2_000;

type SlotToClear = Awaited<ReturnType<typeof slotsToClear>>[number];

/**
 * The station's hand at the slots: where a lease is over, it asks for the board to be taken out, and only when the
 * fixture reports it out is the slot free. Woken by the database, and by the clock in case a call was lost.
 */
export class SlotAgent {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** A board that a person has to take out may stay for long: it keeps no other slot waiting. */
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(
    private readonly deps: {
      station: string;
      db: Database;
      devices: StationDevices;
      wakes: Notifications;
      log: Logger;
    },
  ) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await Promise.all(this.underWay.values());
  }

  private async run(): Promise<void> {
    const { wakes, station } = this.deps;
    while (!this.stopping.signal.aborted) {
      const woken = wakes.next(station, SWEEP_MS, this.stopping.signal);
      await this.sweep();
      await woken.promise;
    }
  }

  private async sweep(): Promise<void> {
    try {
      for (const slot of await slotsToClear(this.deps.db)) this.begin(slot);
    } catch (error) {
      this.tell(error, 'the slots can not be read');
    }
  }

  private begin(slot: SlotToClear): void {
    const name = `${slot.station}/${slot.slot}`;
    if (this.underWay.has(name)) return;
    this.underWay.set(
      name,
      this.clear(slot).finally(() => this.underWay.delete(name)),
    );
  }

  private async clear(slot: SlotToClear): Promise<void> {
    try {
      await this.deps.devices.fixture.clear({
        slot: `${slot.station}/${slot.slot}`,
        fence: slot.fence,
        signal: this.stopping.signal,
      });
      await reportCleared(this.deps.db, slot);
    } catch (error) {
      this.tell(error, `slot ${slot.station}/${slot.slot} is not clear yet`);
    }
  }

  /** The next sweep tries again, so none of this is an error; and a stop in the middle is none at all. */
  private tell(error: unknown, what: string): void {
    if (this.stopping.signal.aborted) return;
    const code = error instanceof UnitrailError ? error.code : 'INTERNAL';
    this.deps.log.warn(
      { station: this.deps.station, code, cause: error instanceof Error ? error.message : String(error) },
      what,
    );
  }
}
