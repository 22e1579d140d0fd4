import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { listBoards } from '../adapters/devices/virtual-bench-faults';
import type { DemoUnit } from '../adapters/postgres/demo-queries';
import { unitWorkflowId } from '../domain/workflow-ids';
import { UnitrailError } from '../domain/errors';
import type { House } from './house';
import { ask } from './temporal-errors';

const OPERATOR = '17';
/** Long enough to be seen in the Temporal UI, short enough for a demo. */
const HELD_BEFORE_RETRY_MS = 3_000;
const MOST_RETRIES = 5;

/** Does what an engineer would do in the Temporal UI: looks at the held units, and sends `retryStep`. */
export class DemoEngineer {
  private readonly seen = new Map<string, { since: number; retries: number }>();

  constructor(private readonly house: House) {}

  /** Tells what was done, or null where there was nothing to do. */
  async lookAfter(units: readonly DemoUnit[]): Promise<string | null> {
    for (const unit of units) {
      if (unit.state !== 'AwaitingEngineer') continue;
      const known = this.seen.get(unit.unitId) ?? { since: Date.now(), retries: 0 };
      this.seen.set(unit.unitId, known);
      if (Date.now() - known.since < HELD_BEFORE_RETRY_MS || known.retries >= MOST_RETRIES) continue;
      this.seen.set(unit.unitId, { since: Date.now(), retries: known.retries + 1 });
      return this.retry(unit);
    }
    return null;
  }

  private async retry(unit: DemoUnit): Promise<string> {
    const answer = await this.labelAnswer(unit);
    const input = { by: OPERATOR, note: 'looked at the fixture', ...(answer && { label: answer }) };
    try {
      const { client } = this.house.line.host;
      const handle = client.workflow.getHandle(unitWorkflowId(unit.serial));
      await ask(client, () => handle.executeUpdate('retryStep', { args: [input] }));
      return `Unit ${unit.serial} was held at ${unit.step} (${unit.failureCode}): operator ${OPERATOR} sent retryStep`;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) {
        return `Unit ${unit.serial} is held and its workflow is gone: \`unitrail resume\` starts it again`;
      }
      if (isAway(error))
        return `Unit ${unit.serial} is held at ${unit.step}: Temporal does not answer, asked again`;
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      return `Unit ${unit.serial} is held at ${unit.step} (${unit.failureCode}): ${error.cause?.message ?? error.message}`;
    }
  }

  /** "Was this label printed?" The engineer looks at the board, and at what came out of the printer. */
  private async labelAnswer(unit: DemoUnit): Promise<'none' | 'found' | null> {
    const { serial, failureCode, printInQuestion } = unit;
    const asked = failureCode === 'PRINT_UNKNOWN' || failureCode === 'LABEL_UNREADABLE';
    if (!asked || printInQuestion === null || !this.house.benchAddress) return null;
    const boards = await listBoards(this.house.benchAddress);
    const jobId = `${serial}/${printInQuestion}`;
    return boards.some((board) => board.labels.includes(jobId)) ? 'found' : 'none';
  }
}

function isAway(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    (error instanceof UnitrailError && error.reaction === 'retry')
  );
}
