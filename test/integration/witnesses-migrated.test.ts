import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readLogKey, type LogKey } from '../../adapters/keys/log-key';
import { logFolderIn, openLogFolder } from '../../adapters/log/log-folder';
import { sequenceLog } from '../../adapters/log/sequence-log';
import { judgeCosignatures, MOST_WITNESSES } from '../../adapters/log/witnesses';
import type { Database } from '../../adapters/postgres/database';
import { addCosignature } from '../../adapters/postgres/log-cosignatures';
import { migrate } from '../../adapters/postgres/migrate';
import type { Checkpoint } from '../../domain/log-proof';
import { audit } from '../../tools/audit/audit';
import { cosign } from '../../tools/export-verifier/cosign';
import { bareEnvironment, runCli } from '../support/cli';
import { createOlderDatabase, type TestDatabase } from '../support/database';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';

/** Co-signatures that were kept before anybody verified them (migration 0056), in a database that goes on to this version. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let home: string;
let key: LogKey;
let first: Checkpoint;
let second: Checkpoint;

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'witnesses-migrated-'));
  database = await createOlderDatabase('0056');
  floor = openShopFloor(database);
  office = floor.as('office');
  const manufacturer = { issuer: 'unitrail', name: 'Unitrail', companyPrefix: '061414112' };
  key = await readLogKey({ env: {}, manufacturer, home });
  [first, second] = [await nextCheckpoint(), await nextCheckpoint()];
});
afterAll(async () => {
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

const store = (): string => join(home, 'store');

/** Of a log that has the heads of one plant file more. */
async function nextCheckpoint(): Promise<Checkpoint> {
  await applySmallPlant(floor);
  await office.raw(`select queue_heads('0 seconds')`);
  return sequenceLog({ db: office, key, folder: openLogFolder(logFolderIn(store())) });
}

interface Witness {
  /** Its public key. */
  readonly key: string;
  sign(checkpoint: Checkpoint): string;
}

function witnessOf(name: string): Witness {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  const signed = (checkpoint: string) =>
    cosign({
      ...{ checkpoint, logKey: key.text, privateKey: pem, name },
      ...{ previous: null, consistency: null, time: 1_800_000_000 },
    });
  return {
    key: signed(first.note).witness,
    sign: ({ note }) => signed(note).note.trimEnd().split('\n').at(-1)!,
  };
}

/** By the function of that version, which let anything in. */
const keep = (checkpoint: Checkpoint, witness: string, line: string): Promise<boolean> =>
  addCosignature(floor.as('desk'), checkpoint, { witness, signedAt: new Date(1_800_000_000_000), line });

async function show(): Promise<{ witnesses: { witness: string; size: number }[]; leftOut: string[] }> {
  const { out, err } = await runCli(['log', 'show', '--json'], {
    ...{ ...bareEnvironment, UNITRAIL_HOME: home, UNITRAIL_STORE: store() },
    UNITRAIL_DATABASE_URL: database.urlOf('desk'),
    TEMPORAL_ADDRESS: process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!,
  });
  expect(err).toBe('');
  return JSON.parse(out) as Awaited<ReturnType<typeof show>>;
}

async function unsigned(): Promise<string[]> {
  const folders = { logFolder: logFolderIn(store()), logKeys: [key.text] };
  const { violations } = await audit(database.urlOf('auditor'), folders);
  return violations.map(({ invariant, subject, found }) => `${invariant} ${subject}: ${found}`);
}

const countOf = async (table: string): Promise<number> =>
  Number((await office(table).count<{ count: string }[]>('* as count'))[0]!.count);

test('what was kept of witnesses before anybody verified it is verified after the migration, and those who came first have the places', async () => {
  const [never, ...all] = ['never', ...Array.from({ length: MOST_WITNESSES + 2 }, (_, n) => `w${n + 1}`)].map(
    (name) => witnessOf(`${name}.example`),
  ) as [Witness, ...Witness[]];
  const [one, two, three, ...others] = all as [Witness, Witness, Witness, ...Witness[]];
  await keep(first, one.key, one.sign(first));
  await keep(first, never.key, one.sign(first));
  // Junk under the key of a witness: in that version it kept the witness's own line out.
  await keep(first, two.key, never.sign(first));
  expect(await keep(first, two.key, two.sign(first))).toBe(false);
  await keep(second, two.key, two.sign(second));
  for (const checkpoint of [second, first]) await keep(checkpoint, three.key, three.sign(checkpoint));
  await keep(first, 'no key', 'no line');
  for (const witness of others) await keep(first, witness.key, witness.sign(first));

  expect(await migrate(database.ownerUrl)).toContain('0058-cosignatures-and-keys-judged.sql');
  expect(await countOf('log_cosignatures_waiting')).toBe(4 + 2 + 1 + others.length);
  const newest = all.slice(0, MOST_WITNESSES).map(({ key: witness }, n) => ({
    ...{ witness, size: [1, 2].includes(n) ? second.size : first.size },
  }));
  const leftOut = all.slice(MOST_WITNESSES).map(({ key: witness }) => witness);
  const wrong = [never.key, two.key, 'no key'].map(
    (witness) =>
      `A18 co-signature of checkpoint ${first.size} of ${first.origin} by ${witness}: no signature that holds`,
  );
  for (const turn of ['as it waits', 'as the office has found']) {
    const shown = await show();
    expect({ turn, newest: shown.witnesses }).toMatchObject({ turn, newest });
    expect({ turn, leftOut: shown.leftOut }).toEqual({ turn, leftOut });
    expect({ turn, found: (await unsigned()).sort() }).toEqual({ turn, found: wrong.sort() });
    await judgeCosignatures(office);
  }
  expect(await countOf('log_cosignatures_waiting')).toBe(0);
  expect(await countOf('log_cosignatures_held')).toBe(MOST_WITNESSES + 1);
  expect(await office('log_witnesses').orderBy('place').select('witness', 'place')).toEqual(
    all.map(({ key: witness }, n) => ({ witness, place: n < MOST_WITNESSES ? n + 1 : null })),
  );
  // What that version kept out comes in.
  expect(await keep(first, two.key, two.sign(first))).toBe(true);
  expect((await show()).witnesses[1]).toMatchObject({ witness: two.key, size: second.size });
});
