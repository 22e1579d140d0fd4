import { Option, type Command } from 'commander';
import { scrapCodes, type ScrapCode } from '../domain/decision';
import type { ServerContext } from './server-context';
import { decide } from './unit-decision';
import { unitGroup } from './unit-group';

interface Options {
  readonly by: string;
  readonly note: string;
  readonly code?: ScrapCode;
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('scrap')
    .description('The unit is retired for ever, and its serial with it.')
    .argument('<serial>')
    .requiredOption('--by <operator>', 'your operator number')
    .requiredOption('--note <text>', 'the reason')
    .addOption(new Option('--code <code>', 'the kind of reason, for statistics').choices(scrapCodes))
    .action((serial: string, { by, note, code }: Options) =>
      decide(context, serial, { action: 'scrap', by, reason: note, ...(code !== undefined && { code }) }),
    );
}
