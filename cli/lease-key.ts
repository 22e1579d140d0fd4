import type { Command } from 'commander';
import { newSiteKey } from '../adapters/keys/site-keys';
import { createFile } from '../adapters/store/durable-file';
import { leaseGroup } from './lease-group';
import { printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

export function register(program: Command, context: ServerContext): void {
  leaseGroup(program)
    .command('key')
    .description(
      'Makes the key by which this site signs leases, in a file of mode 0600, and prints its public half for the plant files.',
    )
    .requiredOption('--out <file>', 'where the private key shall lie; `manufacturer.siteKey` names it')
    .action(({ out }: { out: string }) => makeKey(context, out));
}

async function makeKey(context: ServerContext, out: string): Promise<void> {
  const { secret, publicKey } = newSiteKey();
  if (!(await createFile(out, Buffer.from(secret), 0o600)))
    throw wrongOption(
      '--out',
      out,
      'a file that does not exist yet: a key that signed leases is not replaced',
    );
  if (context.json) return printJson(context, { file: out, publicKey });
  await printLine(context, publicKey);
  await say(
    context,
    `The private key lies in ${out}. Keep a copy in your vault, and hand over the line above only.`,
  );
}
