import type { Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import type { Database } from '../adapters/postgres/database';
import { unitsLeftBy } from '../adapters/postgres/unit-standings';
import type { Station } from '../domain/plant';
import { unitWorkflowId } from '../domain/workflow-ids';
import type { Logger } from './log';

/** A station that comes back takes up the units that it left as STATION_OFFLINE, by the decision anybody could send. */
export async function wakeStationUnits(deps: {
  db: Database;
  client: Client;
  station: Station;
  log: Logger;
}): Promise<void> {
  const units = await unitsLeftBy(deps.db, deps.station.steps);
  for (const { serial, attempt } of units) {
    const decision = {
      action: 'retry',
      by: deps.station.id,
      note: 'the station is back',
      expectedAttempt: attempt,
      decisionId: randomUUID(),
    };
    try {
      await deps.client.workflow.getHandle(unitWorkflowId(serial)).signal('decide', decision);
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
