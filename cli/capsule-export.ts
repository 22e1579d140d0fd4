import { join } from 'node:path';
import type { Command } from 'commander';
import { nodeCrypto } from '../adapters/capsule-reader/files';
import { readCapsuleKeys } from '../adapters/capsule-reader/keys';
import { verifyCapsule } from '../adapters/capsule-reader/verify-capsule';
import { capsuleFiles, findCapsule, type CapsuleFileRow } from '../adapters/postgres/capsules';
import type { Database } from '../adapters/postgres/database';
import { exportKeys } from '../adapters/postgres/exports';
import { openStore } from '../adapters/store/open-store';
import { putFiles } from '../adapters/store/put-files';
import { UnitrailError } from '../domain/errors';
import { capsuleGroup } from './capsule-group';
import { capsuleReportText } from './capsule-verify';
import { FAILED, printJson, printLine } from './output';
import type { ServerContext } from './server-context';

interface Options {
  readonly to: string;
  readonly own?: boolean;
}

export function register(program: Command, context: ServerContext): void {
  capsuleGroup(program)
    .command('export')
    .description(
      'Puts a capsule from the content store into a folder of its name, and verifies it there. Nothing is overwritten. Exit 1 where something is wrong.',
    )
    .argument('<capsule>', 'its name, as `unitrail retention report` shows it')
    .requiredOption('--to <folder>', 'the folder that its own is to be in')
    .option('--own', "the manufacturer's copy, with each unit's whole history: not for a buyer")
    .action((id: string, options: Options) => exportCapsule(context, id, options));
}

async function exportCapsule(
  context: ServerContext,
  id: string,
  { to, own = false }: Options,
): Promise<void> {
  const db = await context.desk();
  const files = (await filesOf(db, id)).filter(({ ownOnly }) => own || !ownOnly);
  const folder = join(to, id);
  await putFiles(openStore(context.config().store), folder, files);
  // By the keys on record: whoever gets it compares with those that came on another way.
  const keys = (await exportKeys(db)).map(({ id: keyId, publicKey }) => `${keyId}  ${publicKey}`).join('\n');
  const report = await verifyCapsule(folder, { keys: readCapsuleKeys(keys, nodeCrypto) });
  const names = files.map(({ name }) => name);
  if (context.json)
    await printJson(context, { format: 'unitrail.capsule-export/1', folder, files: names, report });
  else
    await printLine(
      context,
      [folder, ...names.map((name) => `    ${name}`), capsuleReportText(report)].join('\n'),
    );
  if (!report.ok) context.exitWith(FAILED);
}

/** The manifest of each copy behind its files: its presence says that they are there. */
async function filesOf(db: Database, id: string): Promise<CapsuleFileRow[]> {
  const { state } = await findCapsule(db, id);
  if (state === 'made' || state === 'moved') return capsuleFiles(db, id);
  throw new UnitrailError('NOT_FOUND', `Capsule ${id} ${whyNone[state]}`);
}

const whyNone = {
  planned: 'is planned, and not made yet: the workflow `retention` makes it.',
  abandoned: 'was given up before anything moved into it: its units are here, or in another capsule.',
  erased: 'was erased at the end of its time: there are no files of it any more.',
} as const;
