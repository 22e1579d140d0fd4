import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { isEd25519Signed, sha256 } from '../adapters/log/hashing';
import { MOST_WITNESSES, newestCosigned } from '../adapters/log/witnesses';
import type { Database } from '../adapters/postgres/database';
import { addCosignature } from '../adapters/postgres/log-cosignatures';
import { cosignatureBy } from '../domain/cosignature';
import { parseCheckpoint, type Checkpoint } from '../domain/log-proof';
import {
  COSIGNATURE,
  excessOf,
  MOST_LINE,
  MOST_SIGNATURES,
  parseNote,
  parseNoteKey,
  signatureLine,
  type NoteKey,
  type SignedNote,
} from '../domain/signed-note';
import { logGroup } from './log-group';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

export function register(program: Command, context: ServerContext): void {
  logGroup(program)
    .command('add-cosignature')
    .description('Keeps what a witness has co-signed, and brings it along with the exports that follow.')
    .argument('<file>', 'the checkpoint with the line of the witness, as `unitrail log cosign` prints it')
    .requiredOption('--witness <key>', 'the public key of the witness, got on another way than the file')
    .action((file: string, options: { witness: string }) => add(context, file, options.witness));
}

async function add(context: ServerContext, file: string, witness: string): Promise<void> {
  const key = parseNoteKey(witness, sha256, COSIGNATURE);
  if (key === null)
    throw wrongOption(
      '--witness',
      witness,
      'a public key of a witness: <name>+<id>+<base64>, as `unitrail log cosign` tells it',
    );
  const { note, checkpoint } = await readNote(file);
  const signed = cosignatureBy(note, key, isEd25519Signed);
  if (signed === null) throw wrongOption('file', file, `a checkpoint that ${witness} has co-signed`);
  const line = signatureLine(key, signed.signature);
  const signedAt = new Date(signed.time * 1000);
  const { origin, size } = checkpoint;
  const db = await context.desk();
  await requireRoom(db, origin, key, witness);
  const added = await addCosignature(db, checkpoint, { witness, signedAt, line });
  if (context.json) return printJson(context, { origin, size, witness, signedAt, added });
  await printLine(
    context,
    `${added ? 'Added' : 'Was there already'}: checkpoint ${size} of ${origin}, co-signed by ${witness} at ${signedAt.toISOString()}`,
  );
}

async function readNote(file: string): Promise<{ note: SignedNote; checkpoint: Checkpoint }> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw wrongOption('file', file, `a file that can be read (${error.message})`);
  });
  const [note, checkpoint] = [parseNote(text), parseCheckpoint(text)];
  if (note === null || checkpoint === null)
    throw wrongOption('file', file, 'a checkpoint of a log, as a signed note');
  const excess = excessOf(text);
  if (excess === null) return { note, checkpoint };
  throw wrongOption(
    'file',
    file,
    `a checkpoint with at most ${MOST_SIGNATURES} lines of signatures, of at most ${MOST_LINE} characters each; it has ${excess}`,
  );
}

/** What is kept travels with every export: it has to be told apart from the others, and there may be only so many. */
async function requireRoom(
  db: Database,
  origin: string,
  { name, keyId }: NoteKey,
  witness: string,
): Promise<void> {
  const known = await newestCosigned(db, { origin });
  const same = known.find((one) => one.name === name && one.keyId === keyId);
  if (same?.witness === witness) return;
  if (same)
    throw wrongOption(
      '--witness',
      witness,
      `the key that is known by that name and id, ${same.witness}, or one under another name`,
    );
  if (known.length >= MOST_WITNESSES)
    throw wrongOption(
      '--witness',
      witness,
      `one of the ${MOST_WITNESSES} witnesses that ${origin} has: there is no room for more`,
    );
}
