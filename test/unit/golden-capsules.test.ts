import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { capsulesAt, nodeCrypto, openCapsuleFiles } from '../../adapters/capsule-reader/files';
import { readCapsuleKeys } from '../../adapters/capsule-reader/keys';
import { verifyCapsule } from '../../adapters/capsule-reader/verify-capsule';
import { CAPSULE_FORMAT } from '../../domain/capsule';
import { changeFile } from '../support/capsule';
import { goldenCapsules, goldenFolder, goldenKeys } from '../support/golden';
import { itWithTool } from '../support/it-with-tool';

const run = promisify(execFile);
const keys = readCapsuleKeys(goldenKeys, nodeCrypto);
const serial = 'EUDV2647-000003';

test('each format that was ever written has a golden capsule, this one too', () => {
  const versions = Array.from(
    { length: Number(CAPSULE_FORMAT.split('/')[1]) },
    (_, at) => `capsule-${at + 1}`,
  );
  expect(goldenCapsules).toEqual(versions);
});

describe.each(goldenCapsules)('golden %s', (name) => {
  const golden = join(goldenFolder, name);

  it('is found good today, with every row, proof and event', async () => {
    expect(await verifyCapsule(golden, { keys })).toMatchObject({
      ok: true,
      problems: [],
      counts: { records: 6, statements: 2, proofs: 8, events: 20 },
    });
  });

  it('answers by serial, from the lines and from the table alike', async () => {
    const [{ paths } = { paths: {} }] = await capsulesAt([join(golden, 'records.parquet')]);
    const capsule = await openCapsuleFiles(paths, keys);
    const table = await openCapsuleFiles({ ...paths, records: undefined } as typeof paths, keys);
    try {
      const [unit, ...more] = await capsule.find(serial);
      expect(more).toEqual([]);
      expect(unit).toMatchObject({ from: 'records.jsonl', record: { proof: { verdict: 'holds' } } });
      expect(unit!.statements.map(({ proof }) => proof.verdict)).toEqual(['holds', 'holds']);
      expect((await table.find(serial))[0]).toEqual({ ...unit, from: 'records.parquet' });
      expect(await capsule.serialsBy('mac', '70:B3:D5:00:01:08')).toEqual([serial]);
      expect((await capsule.find('000004')).map(({ issuer }) => issuer)).toEqual(['acme', 'unitrail']);
      expect(await capsule.find('EUDV2647-000000')).toEqual([]);
      expect(await capsule.find('ZZZ')).toEqual([]);
    } finally {
      await capsule.close();
      await table.close();
    }
  });
});

/** Made by .ci/run: an environment of Python with DuckDB, pyarrow and cryptography, and nothing of ours. */
const python = join(__dirname, '..', '..', 'node_modules', '.cache', 'museum', 'bin', 'python');
const museum = { program: python, probe: ['--version'] };

describe('in a museum, without a network, a database or anything of ours', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'unitrail-museum-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  for (const name of goldenCapsules)
    itWithTool(museum, `golden ${name} is opened by its own README, DuckDB and pyarrow`, async () => {
      await cp(join(goldenFolder, name), folder, { recursive: true });
      const program = join(__dirname, '..', 'museum', 'open_capsule.py');
      const seen = JSON.parse(await inMuseum([program, folder, serial, 'RADIO-LOT-0093'])) as Seen;
      expect(seen).toMatchObject({ network: false, duckdb: { same: true }, pyarrow: { same: true } });
      const [bySerial, withLot] = seen.duckdb.answers;
      expect(bySerial).toMatchObject([[serial, '1.4.2', 'DE', expect.any(String)]]);
      expect(withLot).toHaveLength(6);
      expect(seen.python).toEqual([
        `[{'serial': '${serial}', 'macs': ['70:B3:D5:00:01:08', '70:B3:D5:00:02:08'], 'destination': 'DE'}]`,
        `the proof of ${serial} holds`,
      ]);
    });

  itWithTool(museum, 'the README’s own check tells of a byte that was changed', async () => {
    await cp(join(goldenFolder, goldenCapsules[0]!), folder, { recursive: true });
    await changeFile(folder, 'records.jsonl', '"destination":"DE"', '"destination":"FR"');
    const program = join(__dirname, '..', 'museum', 'open_capsule.py');
    await expect(inMuseum([program, folder, serial, 'X'])).rejects.toThrow(/records\.jsonl was changed/);
  });
});

interface Seen {
  readonly network: boolean;
  readonly duckdb: { readonly answers: readonly (readonly string[])[][]; readonly same: boolean };
  readonly pyarrow: { readonly same: boolean };
  readonly python: readonly string[];
}

/** A network namespace of its own has not even a loopback that is up. */
async function inMuseum(args: readonly string[]): Promise<string> {
  const isolated =
    spawnSync('unshare', ['-rn', 'true']).status === 0 ? ['unshare', '-rn'] : ['unshare', '-n'];
  const [program, ...flags] = [...isolated, python, '-I', ...args];
  const { stdout } = await run(program!, flags, { env: { PATH: process.env.PATH ?? '' } });
  return stdout;
}
