import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../adapters/postgres/database';
import { unitsLeftBy } from '../adapters/postgres/unit-standings';
import type { Station } from '../domain/plant';
import { unitWorkflowId } from '../domain/workflow-ids';
import type { Logger } from './log';

const LOOK_AGAIN_MS = 30_000;

type LeftUnit = Awaited<ReturnType<typeof unitsLeftBy>>[number];

/**
 * A station that comes back takes up the units that it left as STATION_OFFLINE, by the decision that anybody could send.
 * It looks at its start and from time to time: a network that was away brings the worker back without a new start.
 */
export class StationReturn {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** Told once each. */
  private readonly lost = new Set<string>();

  constructor(
    private readonly deps: { db: Database; client: Client; station: Station; log: Logger },
    private readonly lookAgainMs = LOOK_AGAIN_MS,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** Nothing is taken up from now on, and no answer is waited for. */
  end(): void {
    this.stopping.abort();
  }

  async stop(): Promise<void> {
    this.end();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const { client, station, log } = this.deps;
    while (!signal.aborted) {
      try {
        await client.withAbortSignal(signal, () => this.takeUp());
      } catch (error) {
        if (signal.aborted) return;
        const cause = error instanceof Error ? error.message : String(error);
        log.warn({ station: station.id, cause }, 'the units that wait for this station are not taken up yet');
      }
      await sleep(this.lookAgainMs, undefined, { signal }).catch(() => {});
    }
  }

  private async takeUp(): Promise<void> {
    const { db, station, log } = this.deps;
    let units = 0;
    for (const unit of await unitsLeftBy(db, station)) {
      if (this.stopping.signal.aborted) return;
      if (await this.retry(unit)) units += 1;
    }
    if (units > 0) log.info({ station: station.id, units }, 'took up units that waited for this station');
  }

  /** False where the unit has no workflow. */
  private async retry({ serial, name, attempt }: LeftUnit): Promise<boolean> {
    const { client, station, log } = this.deps;
    const decision = {
      action: 'retry',
      by: station.id,
      note: 'the station is back',
      expectedAttempt: attempt,
      decisionId: randomUUID(),
    };
    try {
      await client.workflow.getHandle(unitWorkflowId(name)).signal('decide', decision);
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      if (!this.lost.has(name))
        log.warn({ serial }, 'the unit has no open workflow: `unitrail resume` starts it');
      this.lost.add(name);
      return false;
    }
  }
}
