import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { ownPublicKey } from '../adapters/keys/export-keys';
import { readLogKeys } from '../tools/export-verifier/checkpoint';
import { readWitnessKey, type WitnessKey } from '../tools/export-verifier/cosignature';
import { readKeys } from '../tools/export-verifier/keys';
import { reportText } from '../tools/export-verifier/report';
import { verifyFolder } from '../tools/export-verifier/verify';
import { exportGroup } from './export-group';
import { FAILED, printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly key?: string;
  readonly after?: string;
  readonly beforeLog?: boolean;
  readonly witness?: string[];
}

export function register(program: Command, context: ServerContext): void {
  exportGroup(program)
    .command('verify')
    .description(
      'Checks the exports in a folder, without server, database or network. Exit 1 where something is wrong.',
    )
    .argument('<folder>')
    .option('--key <file>', "public keys, as `unitrail keys` prints them; this house's own unless given")
    .option(
      '--after <export>',
      'the last export that was verified before, where the folder begins behind it: its manifest’s SHA-256, or its id',
    )
    .option(
      '--before-log',
      'exports that tell of no log are from before there was one; otherwise that is wrong where the keys have one of a log',
    )
    .option(
      '--witness <key...>',
      'public keys of witnesses who have to have co-signed the log, as `unitrail log cosign` tells them',
    )
    .action((folder: string, options: Options) => verify(context, folder, options));
}

async function verify(
  context: ServerContext,
  folder: string,
  { key, after, beforeLog = false, witness = [] }: Options,
): Promise<void> {
  if (!(await stat(folder).catch(() => null))?.isDirectory())
    throw wrongOption('folder', folder, 'a folder with the files of exports');
  const text = await keysIn(context, key);
  const report = await verifyFolder(folder, {
    keys: text === null ? null : readKeys(text),
    logKeys: readLogKeys(text ?? ''),
    after: after ?? null,
    beforeLog,
    witnesses: witness.map(witnessOf),
  });
  await (context.json ? printJson(context, report) : printLine(context, reportText(report)));
  if (!report.ok) context.exitWith(FAILED);
}

function witnessOf(text: string): WitnessKey {
  const witness = readWitnessKey(text);
  if (witness) return witness;
  throw wrongOption('--witness', text, 'a public key of a witness: <name>+<id>+<base64>');
}

/** Null where there is none: then nobody can say who signed, and the report says that. */
async function keysIn(context: ServerContext, file: string | undefined): Promise<string | null> {
  if (file === undefined) return ownPublicKey(context.config('none').home);
  try {
    const text = await readFile(file, 'utf8');
    readKeys(text);
    return text;
  } catch (error) {
    throw wrongOption('--key', file, `a file of public keys (${(error as Error).message})`);
  }
}
