import type { Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { reworkSteps } from '../domain/decision';
import { resolveActions, type ResolveResult } from '../domain/resolution';
import { parseResolveRequest } from '../domain/resolve-request';
import { taskQueues } from '../domain/workflow-ids';
import { failedWorkflow } from './failed-workflow';
import { printJson, printLine, say } from './output';
import { resultText } from './resolve-text';
import type { ServerContext } from './server-context';
import { unpolledQueues } from './task-queues';
import { ask } from './temporal-errors';
import { unitsGroup } from './units-group';
import { wrongOption } from '../domain/wrong-option';

type Options = Readonly<Record<string, string | boolean | undefined>>;

export function register(program: Command, context: ServerContext): void {
  unitsGroup(program)
    .command('resolve')
    .description(
      'One decision about all open units that fit every option; held units unless --state says otherwise.',
    )
    .addOption(new Option('--action <action>', 'what is done').choices(resolveActions).makeOptionMandatory())
    .requiredOption('--by <operator>', 'your operator number')
    .option('--note <text>', 'what was done, or the reason')
    .addOption(new Option('--to-step <step>', 'of a rework: where it goes back to').choices(reworkSteps))
    .option('--to-firmware <version>', 'of a rework to flash: the release that they get')
    .option('--hold <id>', 'the quality hold that is opened or released')
    .option('--dry-run', 'only count them')
    .option('--state <state>', 'units in this state')
    .option('--step <step>', 'at this step')
    .option('--batch <id>', 'of this batch')
    .option('--order <id>', 'of this purchase order')
    .option('--product <code>', 'of this product')
    .option('--failure-code <code>', 'held with this code, such as TEST_FAILED')
    .option('--firmware <version>', 'pinned to this release')
    .option('--station <id>', 'last worked on at this station')
    .option('--from <time>', 'whose newest event is of this day or instant, or later')
    .option('--to <time>', 'or of before this one')
    .option('--board-lot <lot>', 'with a board of this lot')
    .option('--component-lot <lot>', 'with a component of this lot')
    .option('--carton <sscc>', 'in this carton')
    .option('--serials <file>', 'named in this file, a serial on each line')
    .addHelpText('after', examples)
    .action((options: Options) => resolve(context, options));
}

const examples = `
Examples:
  $ unitrail units resolve --action retry --by 17 --note "new fixture" --step test --station line-1 --dry-run
  $ unitrail units resolve --action hold --by 17 --note "suspect reel" --component-lot MCU-LOT-7731`;

async function resolve(context: ServerContext, options: Options): Promise<void> {
  const { serials, ...rest } = options;
  const input = {
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => name !== 'json')),
    ...(typeof serials === 'string' && { serials: await readSerials(serials) }),
  };
  // The same rules before anything is started: what is wrong is told at once, by exit code 2.
  parseResolveRequest(input);
  const client = await context.temporal();
  const result = await run(context, client, input);
  // A dry run that has counted has done what it was asked for, whatever it found.
  if (!result.dryRun && result.counts.refused + result.counts.unreached > 0) context.exitWith(1);
  if (context.json) return printJson(context, result);
  await printLine(context, resultText(result));
}

async function run(context: ServerContext, client: Client, input: object): Promise<ResolveResult> {
  const workflowId = `resolve:${randomUUID()}`;
  const handle = await ask(client, () =>
    client.workflow.start('resolveUnits', { workflowId, taskQueue: taskQueues.workflows, args: [input] }),
  );
  const unpolled = await unpolledQueues(client, [taskQueues.workflows, taskQueues.office]);
  await say(context, `In Temporal it is ${workflowId}; it goes on without this command.`);
  if (unpolled.length > 0)
    await say(context, `No worker asks for work on ${unpolled.join(' and ')}: it begins when one does.`);
  try {
    return (await handle.result()) as ResolveResult;
  } catch (error) {
    throw failedWorkflow(error);
  }
}

/** A serial on each line; blank lines are left out. */
export async function readSerials(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null)
    throw wrongOption('--serials', file, 'a file that can be read, with a serial on each line');
  return [...new Set(text.split(/\r?\n/).map((line) => line.trim()))].filter((line) => line !== '');
}
