import type { Command } from 'commander';
import { signedCheckpoint } from '../adapters/log/kept-checkpoint';
import { leafProofs } from '../adapters/log/leaf-proofs';
import { openLogFolder } from '../adapters/log/log-folder';
import { logKeys } from '../adapters/postgres/log';
import { findOneUnit } from '../adapters/postgres/unit-queries';
import { UnitrailError } from '../domain/errors';
import type { LeafProof } from '../domain/log-proof';
import { logFolderOf } from '../workers/config';
import { logGroup } from './log-group';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  logGroup(program)
    .command('proof')
    .description('that what was sealed and said of a unit is in the log; with --json the proofs themselves')
    .argument('<id>', 'as `unitrail unit show` takes it')
    .action((id: string) => proof(context, id));
}

async function proof(context: ServerContext, id: string): Promise<void> {
  const db = await context.desk();
  const { unitId, serial, stateBeneath } = await findOneUnit(db, id);
  const folder = openLogFolder(logFolderOf(context.config()));
  const keys = (await logKeys(db)).map(({ key }) => key);
  const checkpoint = await signedCheckpoint(folder, keys);
  const proofs: LeafProof[] = [];
  for await (const one of leafProofs({ db, folder }, checkpoint, [{ unitId, serial }], null))
    proofs.push(one);
  if (proofs.length === 0)
    throw new UnitrailError(
      'NOT_FOUND',
      `Unit ${serial} is ${stateBeneath}: nothing of it is sealed, and the log commits to its history by heads only.`,
    );
  if (context.json) return printJson(context, { serial, checkpoint: checkpoint.note, proofs });
  for (const { document, index, path } of proofs)
    await printLine(
      context,
      `${serial}  ${document}  leaf ${index} of checkpoint ${checkpoint.size} of ${checkpoint.origin}: ${path.length} hashes lead to its root`,
    );
}
