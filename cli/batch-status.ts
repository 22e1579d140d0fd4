import type { Command } from 'commander';
import { UnitrailError } from '../domain/errors';
import { batchGroup } from './batch-group';
import { loadBatchStatus, outcomeOf, type BatchStatus } from './batch-progress';
import { countColumns, firstPassText, heldColumns, lineText } from './batch-text';
import { watchBatch } from './batch-watch';
import { printJson, printLine, printTable } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('status')
    .description('How far a batch is: units by state and step, first-pass yield, and what is held and why.')
    .argument('<batch>')
    .option('--watch', 'follow it until it ends; Ctrl-C leaves it running')
    .action((batch: string, { watch }: { watch?: boolean }) =>
      watch ? watchBatch(context, batch) : status(context, batch),
    );
}

async function status(context: ServerContext, batch: string): Promise<void> {
  const found = await loadBatchStatus(await context.desk(), batch);
  if (!found)
    throw new UnitrailError(
      'NOT_FOUND',
      `There is no batch ${batch}. \`unitrail batch list\` shows those that are.`,
    );
  if (context.json) return printJson(context, { ...found, outcome: outcomeOf(found) });
  for (const line of headLines(found)) await printLine(context, line);
  if (found.counts.length > 0) await printTable(context, found.counts, countColumns);
  if (found.heldUnits.length > 0) await printTable(context, found.heldUnits, heldColumns);
}

function headLines(found: BatchStatus): string[] {
  const {
    batch,
    order,
    product,
    firmware,
    buyer,
    destination,
    trial,
    openedAt,
    completedAt,
    shipment,
    shippedAt,
  } = found;
  const whom = [buyer, destination].filter(Boolean).join(', ') || 'nobody yet';
  return [
    `Batch ${batch}: ${lineText(found)}`,
    `  ${product}, firmware ${firmware}${trial ? ', trial' : ''}; order ${order}, for ${whom}`,
    `  opened ${openedAt.toISOString()}${completedAt ? `, ended ${completedAt.toISOString()}` : ''}`,
    ...(shipment
      ? [`  shipment ${shipment}${shippedAt ? `, shipped ${shippedAt.toISOString()}` : ', not closed yet'}`]
      : []),
    `  first pass: ${firstPassText(found)}`,
  ];
}
