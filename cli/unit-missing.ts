import type { Command } from 'commander';
import { readOperator } from './operator-option';
import type { ServerContext } from './server-context';
import { decide } from './unit-decision';
import { unitGroup } from './unit-group';

interface Options {
  readonly by: string;
  readonly note: string;
  readonly lastSeen: string;
  readonly at: string;
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('missing')
    .description(
      'Nobody can find the unit: its numbers are blocked, its certificate counts as revoked, and its batch may end without it.',
    )
    .argument('<serial>')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--note <text>', 'what is known')
    .requiredOption('--last-seen <place>', 'where it was seen last')
    .requiredOption('--at <time>', 'when it was seen last, with its zone: 2026-01-31T14:30:00Z')
    .action((serial: string, { by, note, lastSeen, at }: Options) =>
      decide(context, serial, { action: 'missing', by, reason: note, lastSeen, lastSeenAt: at }),
    );
}
