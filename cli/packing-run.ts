import type { Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import type { PackedUnit, PackingRequest, PackingResult } from '../domain/packing-desk';
import { parsePackingRequest } from '../domain/packing-request';
import { taskQueues } from '../domain/workflow-ids';
import { FAILED, printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';
import { ask } from './temporal-errors';
import { workflowResult } from './workflow-result';

/** A request as options give it: what was not said is undefined. */
export type AskedPacking = { readonly [Name in keyof PackingRequest]: PackingRequest[Name] | undefined };

/** Has the office do it, and prints what came of it. */
export async function runPacking(
  context: ServerContext,
  asked: AskedPacking,
  text: (result: PackingResult) => string,
): Promise<void> {
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  // The same rules before anything is started: what is wrong is told at once, by exit code 2.
  const request = parsePackingRequest(given);
  const result = await run(context, await context.temporal(), request);
  const isWhole =
    result.takenOutCount === 0 &&
    result.units.every(({ outcome }) => outcome === 'packed' || outcome === 'removed');
  if (!isWhole) context.exitWith(FAILED);
  if (context.json) return printJson(context, result);
  for (const unit of result.units) await printLine(context, lineOf(unit));
  await printLine(context, text(result));
}

async function run(context: ServerContext, client: Client, request: PackingRequest): Promise<PackingResult> {
  const handle = await ask(client, () =>
    client.workflow.start('packing', {
      workflowId: `packing:${randomUUID()}`,
      taskQueue: taskQueues.workflows,
      args: [request],
      staticSummary: `${request.action} ${request.shipment ?? ''}`.trim(),
    }),
  );
  return workflowResult(client, handle, (idle) =>
    say(context, `No worker asks for work on ${idle.join(' and ')}: it is done when one does.`),
  );
}

function lineOf({ code, serial, outcome, why }: PackedUnit): string {
  return `${serial ?? JSON.stringify(code)} ${outcome}${why === null ? '' : `: ${why}`}`;
}

/** Of add, move and remove: how many, and where they are. */
export function countText({ units, shipment, carton }: PackingResult): string {
  const done = units.filter(({ outcome }) => outcome === 'packed' || outcome === 'removed').length;
  const place =
    carton === null ? `out of shipment ${shipment}` : `in carton ${carton} of shipment ${shipment}`;
  return `${done} of ${units.length} ${place}.`;
}
