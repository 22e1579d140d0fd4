import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { printJson, printLine } from './output';
import { schemeGroup } from './scheme-group';
import type { ServerContext } from './server-context';

/** Twice the least, as HMAC-SHA-256 takes it in one block. */
const KEY_BYTES = 64;

export function register(program: Command, context: ServerContext): void {
  schemeGroup(program)
    .command('key')
    .description(
      'Prints a new key to hide a sequence by. It is kept nowhere: put it where `hidden.key` says.',
    )
    .action(() => {
      const key = randomBytes(KEY_BYTES).toString('base64');
      return context.json ? printJson(context, { key }) : printLine(context, key);
    });
}
