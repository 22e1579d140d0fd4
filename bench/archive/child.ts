/** One piece of work in a process of its own, so that its memory is its own: `child.ts '{"work": "write", …}'`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capsulesAt, nodeCrypto, openCapsuleFiles } from '../../adapters/capsule-reader/files';
import { readCapsuleKeys } from '../../adapters/capsule-reader/keys';
import { verifyCapsule } from '../../adapters/capsule-reader/verify-capsule';
import { writeCapsule } from '../../adapters/capsule/write-capsule';
import { benchKey, benchSigner } from './keys';
import { benchSource, layLog, macOf, serialOf } from './units';

export type Work = 'lay' | 'write' | 'verify' | 'serial' | 'table' | 'mac';

export interface Task {
  readonly work: Work;
  readonly units: number;
  readonly folder: string;
}

export interface Measured {
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly peakBytes: number;
  /** By file; of writing only. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Of each look-up: opened, found, proven and closed. */
  readonly lookupsMs?: readonly number[];
}

const lookups = { serial: 1_000, table: 10, mac: 5 } as const;

type Told = Pick<Measured, 'sizes' | 'lookupsMs'>;

async function perform({ work, units, folder }: Task): Promise<Told> {
  const log = join(folder, 'log');
  const capsule = join(folder, 'capsule');
  switch (work) {
    case 'lay':
      layLog(log, units);
      return {};
    case 'write': {
      const files = await writeCapsule(await benchSource(log, units), capsule, benchSigner(benchKey));
      return { sizes: Object.fromEntries(files.map(({ name, sizeBytes }) => [name, sizeBytes])) };
    }
    case 'verify': {
      const { publicKey } = JSON.parse(await readFile(join(capsule, 'manifest.json'), 'utf8')) as {
        publicKey: string;
      };
      const report = await verifyCapsule(capsule, { keys: readCapsuleKeys(publicKey, nodeCrypto) });
      if (!report.ok) throw new Error(`the capsule is not good: ${JSON.stringify(report.problems)}`);
      return {};
    }
    default:
      return { lookupsMs: await lookUp(work, capsule, units) };
  }
}

/** Each as a command does it: the files are opened, manifest and checkpoint judged, the unit found and proven. */
async function lookUp(work: keyof typeof lookups, folder: string, units: number): Promise<number[]> {
  const { paths } = (await capsulesAt([folder]))[0]!;
  const { records, ...table } = paths;
  const times: number[] = [];
  for (let no = 0; no < lookups[work]; no += 1) {
    const at = Math.floor(Math.random() * units);
    const begun = performance.now();
    const capsule = await openCapsuleFiles(work === 'table' ? table : { ...table, records: records! }, null);
    const serial = work === 'mac' ? (await capsule.serialsBy('mac', macOf(at)))[0]! : serialOf(at);
    const [unit] = await capsule.find(serial);
    await capsule.close();
    times.push(performance.now() - begun);
    if (unit?.serial !== serialOf(at) || unit.record?.proof.verdict !== 'holds')
      throw new Error(`${serialOf(at)} was not found, or its proof does not hold`);
  }
  return times;
}

async function main(task: Task): Promise<Measured> {
  const begun = performance.now();
  const before = process.cpuUsage();
  const told = await perform(task);
  const { user, system } = process.cpuUsage(before);
  return {
    ...told,
    seconds: (performance.now() - begun) / 1_000,
    processorSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  };
}

main(JSON.parse(process.argv[2]!) as Task).then(
  (measured) => process.send!(measured),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
