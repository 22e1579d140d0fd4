import type { Command } from 'commander';
import { sha256 } from '../adapters/log/hashing';
import { fixedLogins } from '../adapters/postgres/logins';
import { requireKeys } from '../domain/given-keys';
import { audit } from '../tools/audit/audit';
import { reportText } from '../tools/audit/main';
import { logFolderOf } from '../workers/config';
import { FAILED, printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';

/** A database of a few thousand units is read faster than a person reads a message. */
const SAY_EVERY_MS = 5_000;

interface Options {
  readonly logKey?: string[];
  readonly exportKey?: string[];
}

export function register(program: Command, context: ServerContext): void {
  program
    .command('audit')
    .description(
      'Checks every promise from the stored bytes, in one read-only snapshot. Exit 1 where one is broken.',
    )
    .option(
      '--log-key <key...>',
      'the public keys that may have signed the log, as `unitrail keys` printed them; without it, those on record count',
    )
    .option(
      '--export-key <key...>',
      'the public keys that may have signed exports and capsules, likewise; without it, those on record that the events of exports name',
    )
    .action((options: Options) => run(context, options));
}

async function run(context: ServerContext, { logKey, exportKey }: Options): Promise<void> {
  requireKeys({ logKeys: logKey, exportKeys: exportKey }, sha256);
  const config = context.config();
  const servers = await context.servers();
  const url = await servers.loginUrl(fixedLogins.auditor.name);
  let saidAt = Date.now();
  const report = await audit(url, {
    env: context.env,
    logKeys: logKey ?? [],
    exportKeys: exportKey ?? [],
    logFolder: logFolderOf(config),
    store: config.store.first,
    onProgress: ({ events, totalEvents }) => {
      if (Date.now() - saidAt < SAY_EVERY_MS) return;
      saidAt = Date.now();
      void say(context, `${events} of ${totalEvents} events read`);
    },
  });
  await (context.json ? printJson(context, report) : printLine(context, reportText(report)));
  if (!report.ok) context.exitWith(FAILED);
}
