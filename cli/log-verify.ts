import type { Command } from 'commander';
import { sha256 } from '../adapters/log/hashing';
import { fixedLogins } from '../adapters/postgres/logins';
import { requireKeys } from '../domain/given-keys';
import { auditLog } from '../tools/audit/audit';
import { reportText } from '../tools/audit/main';
import { logFolderOf } from '../workers/config';
import { logGroup } from './log-group';
import { FAILED, printJson, printLine } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  logGroup(program)
    .command('verify')
    .description(
      'Makes every leaf anew and compares the tree with checkpoints and tiles. Exit 1 where one differs.',
    )
    .option(
      '--log-key <key...>',
      'the public keys that may have signed the log, as `unitrail keys` printed them; without it, those on record count',
    )
    .action((options: { logKey?: string[] }) => verify(context, options.logKey ?? []));
}

async function verify(context: ServerContext, logKeys: readonly string[]): Promise<void> {
  requireKeys({ logKeys }, sha256);
  const servers = await context.servers();
  const url = await servers.loginUrl(fixedLogins.auditor.name);
  const report = await auditLog(url, logFolderOf(context.config()), logKeys);
  await (context.json ? printJson(context, report) : printLine(context, reportText(report)));
  if (!report.ok) context.exitWith(FAILED);
}
