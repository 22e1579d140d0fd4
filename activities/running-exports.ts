import type { Client } from '@temporalio/client';
import { UnitrailError } from '../domain/errors';
import { grpcErrorIn } from './grpc-error';
import { workflowInput, type WorkflowRun } from './workflow-input';

/** A gRPC status code. */
const NOT_FOUND = 5;
const RUNNING = `WorkflowType = 'export' and ExecutionStatus = 'Running'`;

/**
 * Tells whether an export of a buyer is under way, whoever began it. Its input says whose it is, and its id does not: a person
 * may choose any, and what begins with `export:acme-` may be of acme or of acme-eu. Nothing changes an input: it is read once.
 */
export class RunningExports {
  private readonly inputs = new Map<string, unknown>();

  constructor(private readonly client: Client) {}

  async isOf(buyer: string): Promise<boolean> {
    try {
      for await (const { workflowId, runId } of this.client.workflow.list({ query: RUNNING }))
        if (buyerOf(await this.inputOf({ workflowId, runId })) === buyer) return true;
      return false;
    } catch (error) {
      const grpc = grpcErrorIn(error);
      if (!grpc) throw error;
      throw new UnitrailError(
        'TEMPORAL_UNAVAILABLE',
        `It could not be seen whether an export to ${buyer} is under way (${grpc.details}); it is looked again.`,
        {},
        { cause: error },
      );
    }
  }

  private async inputOf(run: Required<WorkflowRun>): Promise<unknown> {
    if (!this.inputs.has(run.runId)) this.inputs.set(run.runId, await this.read(run));
    return this.inputs.get(run.runId);
  }

  /** Undefined of one that is gone since it was listed. */
  private async read(run: WorkflowRun): Promise<unknown> {
    try {
      return await workflowInput(this.client, run);
    } catch (error) {
      if (grpcErrorIn(error)?.code === NOT_FOUND) return undefined;
      throw error;
    }
  }
}

/** Null of an input that no export could go by. */
export function buyerOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null || !('buyer' in input)) return null;
  return typeof input.buyer === 'string' ? input.buyer : null;
}
