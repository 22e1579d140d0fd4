import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { verifyCapsule } from '../adapters/capsule-reader/verify-capsule';
import { sha256 } from '../adapters/log/hashing';
import type { CapsuleReport } from '../domain/capsule';
import { requireKeys } from '../domain/given-keys';
import { capsuleGroup, keysOf } from './capsule-group';
import { FAILED, printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly key?: string;
  readonly logKey?: readonly string[];
}

export function register(program: Command, context: ServerContext): void {
  capsuleGroup(program)
    .command('verify')
    .description(
      'Checks all files of a capsule: digests, signature, every row and proof. Needs nothing but the files. Exit 1 where something is wrong.',
    )
    .argument('<folder>')
    .option('--key <file>', 'public keys, as `unitrail keys` prints them, got on another way than the files')
    .option(
      '--log-key <key...>',
      "the log's keys (`name+hash+key`), also those before, got on another way than the files",
    )
    .action((folder: string, options: Options) => verify(context, folder, options));
}

async function verify(context: ServerContext, folder: string, { key, logKey }: Options): Promise<void> {
  if (!(await stat(folder).catch(() => null))?.isDirectory())
    throw wrongOption('folder', folder, 'a folder with the files of one capsule');
  requireKeys({ logKeys: logKey }, sha256);
  const report = await verifyCapsule(folder, { keys: await keysOf(key), logKeys: logKey ?? [] });
  await (context.json ? printJson(context, report) : printLine(context, capsuleReportText(report)));
  if (!report.ok) context.exitWith(FAILED);
}

export function capsuleReportText({ ok, capsule, keyId, counts, problems, found }: CapsuleReport): string {
  const { records, statements, proofs, events } = counts;
  const history = events === 0 ? '' : `, ${events} events`;
  const lines = problems.map(({ where, what }) => `WRONG  ${where}: ${what}`);
  if (found > problems.length) lines.push(`WRONG  and ${found - problems.length} more`);
  if (capsule !== null)
    lines.unshift(
      `${capsule}: ${records} records, ${statements} statements, ${proofs} proofs${history}, signed by key ${keyId}`,
    );
  const verdict = ok
    ? 'Verified: complete, as signed, every row and every proof.'
    : `NOT verified: ${found} ${found === 1 ? 'problem' : 'problems'}.`;
  return [...lines, verdict].join('\n');
}
