import type { Command } from 'commander';
import { readExportKey } from '../adapters/keys/export-keys';
import { readLogKey } from '../adapters/keys/log-key';
import { exportKeys } from '../adapters/postgres/exports';
import { logKeys } from '../adapters/postgres/log';
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

interface ListedLogKey {
  readonly key: string;
  readonly firstUsedAt: Date | null;
}

export function register(program: Command, context: ServerContext): void {
  program
    .command('keys')
    .description(
      'The public keys by which the manifests of exports and the checkpoints of the log are found good, each that ever signed. Hand them to buyers on another way than the files.',
    )
    .action(() => list(context));
}

async function list(context: ServerContext): Promise<void> {
  const used = await exportKeys(await context.desk());
  const present = await presentKey(context);
  const keys: ListedKey[] = used.map((key) => ({ ...key, signs: present && key.id === present.keyId }));
  if (present && !used.some(({ id }) => id === present.keyId))
    keys.push({ id: present.keyId, publicKey: present.publicKey, firstUsedAt: null, signs: true });
  const logs = await listedLogKeys(context);
  if (context.json)
    return printJson(context, { format: 'unitrail.keys/1', algorithm: 'Ed25519', keys, logs });
  for (const { id, publicKey, firstUsedAt } of keys)
    await printLine(context, `${id}  ${publicKey}  ${firstUsedAt?.toISOString() ?? '(signed nothing yet)'}`);
  for (const { key, firstUsedAt } of logs)
    await printLine(context, `log  ${key}  ${firstUsedAt?.toISOString() ?? '(signed nothing yet)'}`);
  if (keys.length === 0) await say(context, 'No export was signed yet.');
}

/** The keys of the transparency log, as c2sp.org/signed-note writes them: `<origin>+<id>+<base64>`. */
async function listedLogKeys(context: ServerContext): Promise<ListedLogKey[]> {
  const used: ListedLogKey[] = await logKeys(await context.desk());
  const present = await presentLogKey(context);
  const isNew = present !== null && !used.some(({ key }) => key === present);
  return [...used, ...(isNew ? [{ key: present, firstUsedAt: null }] : [])];
}

async function presentLogKey(context: ServerContext): Promise<string | null> {
  const { stack } = await context.servers();
  const plant = await loadPlant(await context.desk());
  const home = stack === null ? null : context.config().home;
  return plant && orNull(async () => (await readLogKey({ ...plant, env: context.env, home })).text);
}

/** The private key is the office's: where this process can't read it, what has signed is listed all the same. */
async function presentKey(context: ServerContext) {
  const { stack } = await context.servers();
  const plant = await loadPlant(await context.desk());
  return orNull(() =>
    readExportKey({
      env: context.env,
      reference: plant?.manufacturer.exportKey ?? null,
      home: stack === null ? null : context.config().home,
    }),
  );
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UnitrailError && error.code === 'CONFIGURATION_INVALID') return null;
    throw error;
  }
}
