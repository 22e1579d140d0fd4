import type { Command } from 'commander';
import { listDeliveries, type DeliveryRow } from '../adapters/postgres/deliveries';
import { dueItems, listExports, type ExportRow } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import { timeText, type Column } from '../domain/columns';
import type { ExportCounts } from '../domain/export-about';
import { exportSettingsOf } from '../domain/plant-exports';
import { exportGroup } from './export-group';
import { countsText } from './export-office';
import { printJson, printLine, printTable } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  exportGroup(program)
    .command('list')
    .description('What was delivered when, each try that failed with its cause, and what is due.')
    .argument('[buyer]')
    .action((buyer: string | undefined) => list(context, buyer ?? null));
}

interface ListedExport extends ExportRow {
  readonly tries: readonly DeliveryRow[];
}

interface Due extends ExportCounts {
  readonly buyer: string;
  /** Of the sequence: made or not, they have not arrived. */
  readonly undelivered: readonly string[];
}

async function list(context: ServerContext, buyer: string | null): Promise<void> {
  const db = await context.desk();
  const plant = await requirePlant(db);
  const buyers = buyer === null ? plant.buyers.map(({ id }) => id) : [buyer];
  const wanted = buyers.map((id) => ({ id, include: exportSettingsOf(plant, id).include }));
  const rows = await listExports(db, buyer);
  const tries = await listDeliveries(
    db,
    rows.map(({ id }) => id),
  );
  const listed = rows.map((row): ListedExport => ({
    ...row,
    tries: tries.filter(({ exportId }) => exportId === row.id),
  }));
  const due: Due[] = [];
  for (const { id, include } of wanted)
    due.push({ buyer: id, ...(await dueItems(db, id, include)), undelivered: undeliveredOf(rows, id) });
  if (context.json) return printJson(context, { exports: listed.map(told), due });
  if (listed.length > 0) await printTable(context, listed, columns);
  for (const row of listed) for (const one of row.tries) await tellTry(context, one);
  for (const one of due) await printLine(context, dueText(one));
}

function undeliveredOf(rows: readonly ExportRow[], buyer: string): string[] {
  const owed = rows.filter(
    (row) => row.buyer === buyer && row.kind === 'sequence' && row.state !== 'delivered',
  );
  return owed.map(({ id }) => id).reverse();
}

function told({
  id,
  buyer,
  kind,
  number,
  asOf,
  predecessor,
  reissueOf,
  counts,
  state,
  openedAt,
  deliveredAt,
  tries,
}: ListedExport) {
  const deliveries = tries.map(({ exportId: _, ...one }) => one);
  return {
    ...{ export: id, buyer, kind, number, asOf, predecessor, reissueOf },
    ...counts,
    state,
    openedAt,
    deliveredAt,
    deliveries,
  };
}

/** A try that went well is told by the export itself. */
async function tellTry(
  context: ServerContext,
  { exportId, target, startedAt, outcome, code, message }: DeliveryRow,
): Promise<void> {
  if (outcome === 'delivered') return;
  const what =
    outcome === null
      ? 'has no end: it is under way, or was cut off'
      : outcome === 'copied'
        ? 'copied'
        : `failed: ${code}: ${message}`;
  await printLine(context, `${exportId}  ${timeText(startedAt)}  ${target}  ${what}`);
}

function dueText({ buyer, undelivered, ...counts }: Due): string {
  const { units, amendments, numbers } = counts;
  const parts = [
    ...(units + amendments + numbers > 0 ? [`${countsText(counts)} in no export yet`] : []),
    ...(undelivered.length > 0 ? [`not delivered: ${undelivered.join(', ')}`] : []),
  ];
  return `${buyer}: ${parts.join('; ') || 'nothing is due'}`;
}

const columns: readonly Column<ListedExport>[] = [
  { name: 'export', heading: 'Export', kind: 'text', value: ({ id }) => id },
  { name: 'kind', heading: 'Kind', kind: 'text', value: ({ kind }) => kind },
  { name: 'units', heading: 'Units', kind: 'number', value: ({ counts }) => counts.units },
  { name: 'amendments', heading: 'Amendments', kind: 'number', value: ({ counts }) => counts.amendments },
  { name: 'numbers', heading: 'Numbers', kind: 'number', value: ({ counts }) => counts.numbers },
  { name: 'state', heading: 'State', kind: 'text', value: ({ state }) => state },
  { name: 'opened', heading: 'Opened (UTC)', kind: 'date', value: ({ openedAt }) => openedAt },
  { name: 'delivered', heading: 'Delivered (UTC)', kind: 'date', value: ({ deliveredAt }) => deliveredAt },
  { name: 'tries', heading: 'Tries', kind: 'number', value: ({ tries }) => tries.length },
];
