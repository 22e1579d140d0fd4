import type { Command } from 'commander';
import { grantLease } from '../activities/grant-lease';
import { numbersText } from '../domain/number-lease';
import { leaseDeps, writeLeaseFile } from './lease-deps';
import { leaseGroup } from './lease-group';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly to: string;
  readonly count: number;
  readonly out: string;
  readonly by: string;
  readonly day?: Date;
  readonly product?: string;
  readonly lease?: string;
  readonly force?: boolean;
}

export function register(program: Command, context: ServerContext): void {
  leaseGroup(program)
    .command('grant')
    .description(
      'Gives numbers of a scheme or MAC pool that this site owns to another site, in a signed file.',
    )
    .argument('<name>', 'the scheme or the MAC pool')
    .requiredOption('--to <site>', 'the other site, as the plant file names it')
    .requiredOption('--count <numbers>', 'how many', readCount)
    .requiredOption('--out <file>', 'the file to hand over')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option(
      '--day <date>',
      'a day of the year or week whose counter it is, YYYY-MM-DD; today unless given',
      readDay,
    )
    .option('--product <code>', 'the product, where the scheme has a counter for each')
    .option(
      '--lease <id>',
      'what the lease is called; under an id that is on record the same file is written again',
    )
    .option('--force', 'replace the file if it exists')
    .addHelpText('after', examples)
    .action((name: string, options: Options) => grant(context, name, options));
}

const examples = `
Examples:
  $ unitrail lease grant EUDV --to W2 --count 5000 --out w2.lease.json --by 17
  $ unitrail lease grant EUDV --to W2 --count 5000 --day 2026-12-07 --out w2-week-50.lease.json --by 17
  $ unitrail lease grant main --to W2 --count 4096 --out w2-macs.lease.json --by 17`;

async function grant(context: ServerContext, name: string, options: Options): Promise<void> {
  const { to, count, by, day = new Date(), product, lease } = options;
  const deps = await leaseDeps(context);
  const { document, isNew } = await writeLeaseFile(
    context,
    options,
    () => grantLease(deps, { name, to, count, by, day, product, lease }),
    ({ lease: id }) =>
      `unitrail lease grant ${name} --to ${to} --count ${count} --lease ${id} --out FILE --by ${by}`,
  );
  if (context.json) return printJson(context, { granted: isNew, file: options.out, ...document });
  const { first, last } = document;
  const range = `${first} to ${last} of ${numbersText(document.numbers)}`;
  await printLine(
    context,
    `${isNew ? 'Lease' : 'No change: lease'} ${document.lease} gives ${to} the numbers ${range}. Hand over ${options.out}.`,
  );
}

function readCount(text: string): number {
  if (/^[1-9][0-9]{0,9}$/.test(text)) return Number(text);
  throw wrongOption('--count', text, 'a whole number from 1 on');
}

/** Noon in UTC: the date of a grant is that of UTC. */
function readDay(text: string): Date {
  const day = new Date(`${text}T12:00:00.000Z`);
  if (/^\d{4}-\d\d-\d\d$/.test(text) && day.toJSON()?.startsWith(text)) return day;
  throw wrongOption('--day', text, 'a date YYYY-MM-DD, such as 2026-12-07');
}
