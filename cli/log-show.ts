import type { Command } from 'commander';
import { signedCheckpoint, signerOf } from '../adapters/log/kept-checkpoint';
import { openLogFolder } from '../adapters/log/log-folder';
import { MOST_WITNESSES, readWitnesses } from '../adapters/log/witnesses';
import { countPending, logKeys } from '../adapters/postgres/log';
import { refusedLeaves, refusedText } from '../adapters/postgres/log-refusals';
import { toBase64 } from '../domain/bytes';
import { logFolderOf } from '../workers/config';
import { logGroup } from './log-group';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  logGroup(program)
    .command('show')
    .description('the newest checkpoint, who signed it, and how much waits for the next one')
    .action(() => show(context));
}

async function show(context: ServerContext): Promise<void> {
  const db = await context.desk();
  const folder = openLogFolder(logFolderOf(context.config()));
  const keys = (await logKeys(db)).map(({ key }) => key);
  const checkpoint = await signedCheckpoint(folder, keys);
  const { origin, size, note } = checkpoint;
  const { newest, leftOut } = await readWitnesses(db, { origin });
  const told = {
    ...{ format: 'unitrail.log/1', origin, size, root: toBase64(checkpoint.root) },
    ...{ signedBy: signerOf(checkpoint, keys), waiting: await countPending(db), folder: folder.folder, note },
    ...{ refused: await refusedLeaves(db) },
    witnesses: newest.map(({ witness, size: seen, signedAt }) => ({ witness, size: seen, signedAt })),
    leftOut,
  };
  if (context.json) return printJson(context, told);
  await printLine(
    context,
    [
      `Log        ${origin}, in ${told.folder}`,
      `Checkpoint ${size} leaves, root ${told.root}`,
      `Signed by  ${told.signedBy}`,
      `Waiting    ${told.waiting}, for the next checkpoint`,
      ...told.witnesses.map(
        (one) => `Co-signed  ${one.size} leaves by ${one.witness}, ${one.signedAt.toISOString()}`,
      ),
      ...leftOut.map(
        (witness) =>
          `LEFT OUT   ${witness}: no export brings what it signs. A log has ${MOST_WITNESSES} witnesses, each with a name and id of its own`,
      ),
      ...(told.refused.length > 0 ? [`REFUSED    ${refusedText(told.refused)}`] : []),
    ].join('\n'),
  );
}
