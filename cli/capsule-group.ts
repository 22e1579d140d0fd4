import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { nodeCrypto } from '../adapters/capsule-reader/files';
import { readCapsuleKeys, type CapsuleKeys } from '../adapters/capsule-reader/keys';
import { wrongOption } from '../domain/wrong-option';

/** `unitrail capsule …`: archives that are read without server, database, network or configuration, once they are in a folder. */
export function capsuleGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'capsule');
  return known ?? program.command('capsule').description('archives of shipped units: query, verify, export');
}

/** Null where no file was named. */
export async function keysOf(file: string | undefined): Promise<CapsuleKeys | null> {
  if (file === undefined) return null;
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw wrongOption('--key', file, `a file of public keys (${error.message})`);
  });
  const keys = readCapsuleKeys(text, nodeCrypto);
  if (keys.size > 0) return keys;
  throw wrongOption('--key', file, 'a file of public keys of Ed25519, as `unitrail keys` prints them');
}
