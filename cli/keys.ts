import type { Command } from 'commander';
import { readExportKey } from '../adapters/keys/export-keys';
import { exportKeys } from '../adapters/postgres/exports';
import { loadPlant } from '../adapters/postgres/plant-store';
import { UnitrailError } from '../domain/errors';
import { printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';

interface ListedKey {
  readonly id: string;
  readonly publicKey: string;
  /** Null where it has signed nothing yet. */
  readonly firstUsedAt: Date | null;
  /** Whether it signs what is made from here today; null where that can't be known here. */
  readonly signs: boolean | null;
}

export function register(program: Command, context: ServerContext): void {
  program
    .command('keys')
    .description(
      'The public keys by which the manifests of exports are found good, each that ever signed. Hand them to buyers on another way than the files.',
    )
    .action(() => list(context));
}

async function list(context: ServerContext): Promise<void> {
  const used = await exportKeys(await context.desk());
  const present = await presentKey(context);
  const keys: ListedKey[] = used.map((key) => ({ ...key, signs: present && key.id === present.keyId }));
  if (present && !used.some(({ id }) => id === present.keyId))
    keys.push({ id: present.keyId, publicKey: present.publicKey, firstUsedAt: null, signs: true });
  if (context.json) return printJson(context, { format: 'unitrail.keys/1', algorithm: 'Ed25519', keys });
  for (const { id, publicKey, firstUsedAt } of keys)
    await printLine(context, `${id}  ${publicKey}  ${firstUsedAt?.toISOString() ?? '(signed nothing yet)'}`);
  if (keys.length === 0) await say(context, 'No export was signed yet.');
}

/** The private key is the office's: where this process can't read it, what has signed is listed all the same. */
async function presentKey(context: ServerContext) {
  const { stack } = await context.servers();
  const plant = await loadPlant(await context.desk());
  try {
    return await readExportKey({
      env: context.env,
      reference: plant?.manufacturer.exportKey ?? null,
      home: stack === null ? null : context.config().home,
    });
  } catch (error) {
    if (error instanceof UnitrailError && error.code === 'CONFIGURATION_INVALID') return null;
    throw error;
  }
}
