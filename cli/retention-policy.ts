import type { Command } from 'commander';
import { approveRetention, retentionInForce, type RetentionTerms } from '../adapters/postgres/retention';
import type { Column } from '../domain/columns';
import type { CliContext } from './context';
import { readOperator } from './operator-option';
import { printJson, printLine, printTable } from './output';
import { retentionGroup } from './retention-group';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly approve?: string;
  readonly by?: string;
}

/** As `versions_that_count` in migrations/0046-retire.sql has it. */
const DELAY_DAYS = 30;
const CONSENTS = 2;

export function register(program: Command, context: CliContext): void {
  retentionGroup(program)
    .command('policy')
    .description(
      `How long each product is kept, for each buyer. What shortens it erases nothing for ${DELAY_DAYS} days, unless two persons approve the version.`,
    )
    .option(
      '--approve <version>',
      'you agree to the terms of this version of the plant file, the one in force',
      readVersion,
    )
    .option('--by <operator>', 'your operator number, with --approve', readOperator)
    .action((options: Options) => policy(context, options));
}

const VERSION = /^[1-9][0-9]{0,17}$/;

function readVersion(text: string): string {
  if (VERSION.test(text)) return text;
  throw wrongOption(
    '--approve',
    text,
    'the number of the version in force, as `unitrail retention policy` has it',
  );
}

async function policy(context: CliContext, { approve, by }: Options): Promise<void> {
  const db = await context.desk();
  if (approve !== undefined) {
    if (by === undefined) throw wrongOption('--by', by, 'the operator number of whoever approves');
    // Whoever has read one version does not agree to the next one unseen.
    const { version } = await retentionInForce(db);
    if (approve !== version) throw wrongOption('--approve', approve, `the version in force, ${version}`);
    await approveRetention(db, approve, by);
  }
  const inForce = await retentionInForce(db);
  if (context.json) return printJson(context, inForce);
  const { version, terms, approvedBy, versionsThatCount } = inForce;
  if (terms.length === 0)
    await printLine(context, 'No product and no buyer names a policy: nothing is ever due.');
  else await printTable(context, terms, columns);
  await printLine(
    context,
    `Version ${version} of the plant file, approved by ${approvedBy.join(', ') || 'nobody'} (${CONSENTS} persons make it count at once).`,
  );
  if (versionsThatCount.length > 1)
    await printLine(
      context,
      `Before anything is erased, versions ${versionsThatCount.join(', ')} count, the longest terms of each: the last ${DELAY_DAYS} days.`,
    );
}

const columns: readonly Column<RetentionTerms>[] = [
  { name: 'product', heading: 'Product', kind: 'text', value: ({ product }) => product },
  { name: 'buyer', heading: 'Buyer', kind: 'text', value: ({ buyer }) => buyer },
  { name: 'policies', heading: 'Policy', kind: 'text', value: ({ policies }) => policies.join(', ') },
  {
    name: 'months',
    heading: 'Months in the database',
    kind: 'number',
    value: ({ databaseMonths }) => databaseMonths,
  },
  {
    name: 'years',
    heading: 'Years in the archive',
    kind: 'number',
    value: ({ archiveYears }) => archiveYears,
  },
  { name: 'support', heading: 'Support ends', kind: 'text', value: ({ supportEnds }) => supportEnds },
];
