import type { Command } from 'commander';
import { spaceStandings } from '../adapters/postgres/number-queries';
import { requirePlant } from '../adapters/postgres/plant-store';
import {
  needsMore,
  outlookColumns,
  outlookTableColumns,
  poolOutlook,
  serialOutlook,
  WARN_FROM_PERCENT,
  type NumberOutlook,
} from '../domain/number-outlook';
import type { CliContext } from './context';
import { say } from './output';
import { addOutputOptions, readFormat, writeRows, type OutputOptions } from './row-output';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('pool')
    .description('pools of numbers: MAC addresses and serials')
    .command('list')
    .description('How full each pool is, and when it runs out at the rate of the last 90 days.');
  addOutputOptions(command).action((options: OutputOptions) => list(context, options));
}

async function list(context: CliContext, options: OutputOptions): Promise<void> {
  const format = readFormat(context, options);
  const db = await context.desk();
  const [plant, { spaces, now }] = await Promise.all([requirePlant(db), spaceStandings(db)]);
  const macs = plant.macPools.map((pool) => {
    const space = spaces.find(({ kind, name }) => kind === 'mac' && name === pool.name);
    return poolOutlook(pool, space ?? null, now);
  });
  const serials = spaces.filter(({ kind }) => kind === 'serial').map((space) => serialOutlook(space, now));
  const rows = [...macs, ...serials];
  const count = await writeRows(context, format, options, {
    name: 'Pools',
    rows,
    columns: outlookColumns,
    tableColumns: outlookTableColumns,
    none: 'The plant has no MAC pool, and no serial was granted yet.',
  });
  if (options.out !== undefined)
    await say(context, `${count} ${count === 1 ? 'pool' : 'pools'} written to ${options.out}.`);
  for (const row of rows.filter(needsMore)) await say(context, warning(row));
}

function warning({ kind, name, scope, usedPercent, free }: NumberOutlook): string {
  const what = [kind === 'mac' ? 'MAC pool' : 'Serial scheme', name, scope].filter(Boolean).join(' ');
  const todo =
    kind === 'mac'
      ? `ask the IEEE for a further block now (it grants one from ${WARN_FROM_PERCENT} % on), and add a pool to the plant file`
      : 'add a version with more digits to the plant file';
  return `${what} is ${usedPercent} % used, ${free} are left: ${todo}.`;
}
