import type { Command } from 'commander';
import { unseenUnits } from '../adapters/postgres/batch-report';
import { controlsText, heldText, paceText } from '../domain/batch-report';
import { UnitrailError } from '../domain/errors';
import { batchGroup } from './batch-group';
import { loadBatchStatus, outcomeOf, type BatchStatus } from './batch-progress';
import { countColumns, firstPassText, heldColumns, lineText, unseenColumns } from './batch-text';
import { watchBatch } from './batch-watch';
import { printJson, printLine, printTable } from './output';
import type { ServerContext } from './server-context';
import { wholeNumber } from './whole-number';

/** More than a person looks for. */
const MAX_UNSEEN = 50;

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('status')
    .description('How far a batch is: units by state and step, first-pass yield, and what is held and why.')
    .argument('<batch>')
    .option('--watch', 'follow it until it ends; Ctrl-C leaves it running')
    .option(
      '--unseen <hours>',
      'list units that nothing has moved for so long, held or not',
      wholeNumber('--unseen', 0, 99_999),
      24,
    )
    .action((batch: string, { watch, unseen }: { watch?: boolean; unseen: number }) =>
      watch ? watchBatch(context, batch) : status(context, batch, unseen),
    );
}

async function status(context: ServerContext, batch: string, hours: number): Promise<void> {
  const db = await context.desk();
  const found = await loadBatchStatus(db, batch);
  if (!found)
    throw new UnitrailError(
      'NOT_FOUND',
      `There is no batch ${batch}. \`unitrail batch list\` shows those that are.`,
    );
  const unseen = await unseenUnits(db, batch, hours, MAX_UNSEEN);
  if (context.json) return printJson(context, { ...found, outcome: outcomeOf(found), unseen });
  for (const line of headLines(found)) await printLine(context, line);
  if (found.counts.length > 0) await printTable(context, found.counts, countColumns);
  if (found.heldUnits.length > 0) await printTable(context, found.heldUnits, heldColumns);
  if (unseen.length === 0) return;
  await printLine(
    context,
    `Units that nothing has moved for ${hours} h (the first ${MAX_UNSEEN}): where are they?`,
  );
  await printTable(context, unseen, unseenColumns);
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
    ...[heldText(found.report), paceText(found.report), controlsText(found.report)]
      .map((text, at) => [['held', 'rate', 'set'][at], text])
      .filter(([, text]) => text !== '')
      .map(([name, text]) => `  ${name}: ${text}`),
  ];
}
