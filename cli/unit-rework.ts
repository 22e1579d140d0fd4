import type { Command } from 'commander';
import type { Step } from '../domain/unit-lifecycle';
import type { ServerContext } from './server-context';
import { decide } from './unit-decision';
import { unitGroup } from './unit-group';

interface Options {
  readonly by: string;
  readonly note: string;
  /** Judged by the workflow, which knows which steps can be gone back to. */
  readonly step: Step;
  readonly firmware?: string;
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('rework')
    .description('A unit that is held or ready goes back to a step. Its label and its QC are void.')
    .argument('<serial>')
    .requiredOption('--by <operator>', 'your operator number')
    .requiredOption('--note <text>', 'the reason')
    .requiredOption('--step <step>', 'flash, test, provision or label')
    .option(
      '--firmware <version>',
      'another release, to which the unit is pinned from now on; with --step flash',
    )
    .action((serial: string, { by, note, step, firmware }: Options) =>
      decide(context, serial, {
        action: 'rework',
        ...{ by, reason: note, step },
        ...(firmware !== undefined && { firmware }),
      }),
    );
}
