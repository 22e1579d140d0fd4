import type { LogPlace } from '../adapters/log/log-folder';
import { sequenceLog } from '../adapters/log/sequence-log';
import { judgeCosignatures } from '../adapters/log/witnesses';
import { markClock } from '../adapters/postgres/clock';
import type { Database } from '../adapters/postgres/database';
import { refusedLeaves, refusedText } from '../adapters/postgres/log-refusals';
import { UnitrailError } from '../domain/errors';
import { alive } from './act';

export interface LogActivityDeps {
  readonly db: Database;
  /** Read at each run: an office without a key does all else. */
  readonly log: () => Promise<LogPlace>;
}

/** The sequencer of the transparency log. Safe to run twice, and at once. */
export function createLogActivities({ db, log }: LogActivityDeps) {
  return {
    /**
     * Gives all that waits a place, and signs and keeps a checkpoint. The root in base64, as the checkpoint has it.
     * @throws UnitrailError LOG_BROKEN also where a document has no place, after all the others have theirs: somebody has to look
     */
    async sequenceLog(): Promise<{ origin: string; size: number; root: string }> {
      // Beside its own work: it is what runs most regularly, and retention has to see when a clock jumps.
      await markClock(db);
      const place = await log();
      return alive(async () => {
        const { origin, size, root } = await sequenceLog({ db, ...place });
        // Here as well, so that there is room for what is added, whether exports are made or not.
        await judgeCosignatures(db);
        const refused = await refusedLeaves(db);
        if (refused.length > 0) throw new UnitrailError('LOG_BROKEN', refusedText(refused));
        return { origin, size, root: Buffer.from(root).toString('base64') };
      });
    },
  };
}
