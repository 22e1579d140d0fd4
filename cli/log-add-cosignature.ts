import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { isEd25519Signed, sha256 } from '../adapters/log/hashing';
import { addCosignature } from '../adapters/postgres/log-cosignatures';
import { fromHex, joinBytes, toBase64 } from '../domain/bytes';
import { cosignatureBy } from '../domain/cosignature';
import { parseCheckpoint } from '../domain/log-proof';
import { COSIGNATURE, parseNote, parseNoteKey } from '../domain/signed-note';
import { logGroup } from './log-group';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from './wrong-option';

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
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw wrongOption('file', file, `a file that can be read (${error.message})`);
  });
  const [note, checkpoint] = [parseNote(text), parseCheckpoint(text)];
  if (note === null || checkpoint === null)
    throw wrongOption('file', file, 'a checkpoint of a log, as a signed note');
  const signed = cosignatureBy(note, key, isEd25519Signed);
  if (signed === null) throw wrongOption('file', file, `a checkpoint that ${witness} has co-signed`);
  const line = `\u2014 ${key.name} ${toBase64(joinBytes(fromHex(key.keyId), signed.signature))}`;
  const signedAt = new Date(signed.time * 1000);
  const added = await addCosignature(await context.desk(), checkpoint, { witness, signedAt, line });
  const { origin, size } = checkpoint;
  if (context.json) return printJson(context, { origin, size, witness, signedAt, added });
  await printLine(
    context,
    `${added ? 'Added' : 'Was there already'}: checkpoint ${size} of ${origin}, co-signed by ${witness} at ${signedAt.toISOString()}`,
  );
}
