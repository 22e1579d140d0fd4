import type { Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../adapters/postgres/database';
import { unitsLeftBy } from '../adapters/postgres/unit-standings';
import type { Station } from '../domain/plant';
import { unitWorkflowId } from '../domain/workflow-ids';
import type { Logger } from './log';

const LOOK_AGAIN_MS = 30_000;

interface Deps {
  readonly db: Database;
  readonly client: Client;
  readonly station: Station;
  readonly log: Logger;
}

/**
 * A station that comes back takes up the units that it left as STATION_OFFLINE, by the decision that anybody could send.
 * It looks at its start and from time to time: a network that was away brings the worker back without a new start.
 */
export class StationReturn {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly deps: Deps,
    private readonly lookAgainMs = LOOK_AGAIN_MS,
  ) {}

  async start(): Promise<void> {
    await wakeStationUnits(this.deps);
    this.running = this.lookAgain();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async lookAgain(): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      await sleep(this.lookAgainMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await wakeStationUnits(this.deps).catch((error: unknown) =>
        this.deps.log.warn(
          { station: this.deps.station.id, cause: error instanceof Error ? error.message : String(error) },
          'the units that wait for this station can not be read',
        ),
      );
    }
  }
}

async function wakeStationUnits(deps: Deps): Promise<void> {
  const units = await unitsLeftBy(deps.db, deps.station.steps);
  for (const { serial, name, attempt } of units) {
    const decision = {
      action: 'retry',
      by: deps.station.id,
      note: 'the station is back',
      expectedAttempt: attempt,
      decisionId: randomUUID(),
    };
    try {
      await deps.client.workflow.getHandle(unitWorkflowId(name)).signal('decide', decision);
    } catch (error) {
      deps.log.warn(
        { serial, cause: (error as Error).message },
        'the unit has no open workflow: `unitrail resume` starts it',
      );
    }
  }
  if (units.length > 0)
    deps.log.info(
      { station: deps.station.id, units: units.length },
      'took up units that waited for this station',
    );
}
