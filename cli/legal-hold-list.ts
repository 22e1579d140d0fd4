import type { Command } from 'commander';
import { listLegalHolds, type LegalHold } from '../adapters/postgres/legal-holds';
import type { Column } from '../domain/columns';
import type { CliContext } from './context';
import { legalHoldGroup } from './legal-hold-group';
import { printJson, printLine, printTable } from './output';

export function register(program: Command, context: CliContext): void {
  legalHoldGroup(program)
    .command('list')
    .description('All legal holds, the open ones first.')
    .action(() => list(context));
}

async function list(context: CliContext): Promise<void> {
  const holds = await listLegalHolds(await context.desk());
  if (context.json) return printJson(context, { holds });
  if (holds.length === 0) return printLine(context, 'There are no legal holds.');
  await printTable(context, holds, columns);
}

const columns: readonly Column<LegalHold>[] = [
  { name: 'hold', heading: 'Hold', kind: 'text', value: ({ id }) => id },
  { name: 'kind', heading: 'Of', kind: 'text', value: ({ kind }) => kind },
  { name: 'value', heading: 'Which', kind: 'text', value: ({ value }) => value },
  { name: 'units', heading: 'Units', kind: 'number', value: ({ units }) => units },
  { name: 'reason', heading: 'Reason', kind: 'text', value: ({ reason }) => reason },
  { name: 'by', heading: 'By', kind: 'text', value: ({ by }) => by },
  { name: 'added', heading: 'Added (UTC)', kind: 'date', value: ({ addedAt }) => addedAt },
  { name: 'released', heading: 'Released (UTC)', kind: 'date', value: ({ releasedAt }) => releasedAt },
];
