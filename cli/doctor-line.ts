import { join } from 'node:path';
import { isReachable } from '../adapters/devices/reachable';
import { createSchemeKeys } from '../adapters/keys/scheme-keys';
import { createContentStore } from '../adapters/store/content-store';
import { UnitrailError } from '../domain/errors';
import type { PlantDocument, Station } from '../domain/plant';
import type { Config } from '../workers/config';
import { failed, looked, ok, warn, type Finding } from './doctor-finding';
import { lookAtFolder } from './doctor-machine';
import { lookAtTargets } from './doctor-sftp';

const CONNECT_TIMEOUT_MS = 2_000;

/** What the workers of this machine need beside the servers: files and devices. */
export async function lookAtLine(
  config: Config,
  plant: PlantDocument | null,
  benchAddress: string | null,
  env: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  const looks = [
    looked(
      'content store',
      () => lookAtStore(config, plant),
      'Set UNITRAIL_STORE to a folder that this user may write.',
    ),
    looked(
      'CA folder',
      async () => [await lookAtFolder('CA folder', join(config.home, 'ca'), 'UNITRAIL_HOME')],
      'Set UNITRAIL_HOME.',
    ),
    looked('hidden sequences', () => lookAtKeys(plant, env), keyMend),
    looked('SFTP', () => lookAtTargets(plant, env), 'Check the buyers’ sftp in the plant file.'),
    ...addressesOf(plant?.stations ?? [], benchAddress, env).map((one) =>
      looked('devices', () => lookAtDevices(one), 'Check the address.'),
    ),
  ];
  return (await Promise.all(looks)).flat();
}

/** Only the office needs the keys, and this machine may not be its: a missing one is a warning. */
async function lookAtKeys(plant: PlantDocument | null, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const keys = createSchemeKeys(env);
  const hidden = (plant?.schemes ?? []).filter((scheme) => scheme.hidden !== undefined);
  const findings = hidden.map(async ({ name, version, hidden: { key } = { key: '' } }) => {
    const whose = `scheme ${name}/${version}`;
    try {
      if ((await keys.find(key)) !== null) return [];
      return [warn('hidden sequences', `${whose}: ${key} holds no key here`, keyMend)];
    } catch (error) {
      if (!(error instanceof UnitrailError)) throw error;
      return [warn('hidden sequences', `${whose}: ${error.message}`, keyMend)];
    }
  });
  return (await Promise.all(findings)).flat();
}

const keyMend = 'Batches of it are refused where the office worker lacks the key: put it there.';

async function lookAtStore({ store: folder }: Config, plant: PlantDocument | null): Promise<Finding[]> {
  const look = await lookAtFolder('content store', folder, 'UNITRAIL_STORE');
  if (look.status !== 'ok') return [look];
  const store = createContentStore({ folder });
  const files = (plant?.firmwareReleases ?? []).flatMap(({ product, version, image, sbom }) => [
    { name: `image of ${product} ${version}`, sha256: image.sha256 },
    { name: `SBOM of ${product} ${version}`, sha256: sbom.sha256 },
  ]);
  const there = await Promise.all(files.map(({ sha256 }) => store.has(sha256)));
  const missing = files.filter((_, at) => !there[at]).map(({ name }) => name);
  if (missing.length === 0) return [look];
  return [
    failed(
      'content store',
      `${folder} lacks the ${missing.join(', ')}`,
      'Run `unitrail apply` with the plant file again, or set UNITRAIL_STORE to the store that has them.',
    ),
  ];
}

interface Devices {
  readonly stations: readonly string[];
  /** As the plant file has it. */
  readonly named: string;
  /** Null where it is a variable that is not set here. */
  readonly address: string | null;
}

function addressesOf(
  stations: readonly Station[],
  benchAddress: string | null,
  env: NodeJS.ProcessEnv,
): Devices[] {
  const names = [...new Set(stations.map(({ devices }) => devices.address))];
  return names.map((named) => ({
    named,
    stations: stations.filter(({ devices }) => devices.address === named).map(({ id }) => id),
    address: addressOf(named, benchAddress, env),
  }));
}

function addressOf(named: string, benchAddress: string | null, env: NodeJS.ProcessEnv): string | null {
  if (!named.startsWith('env:')) return named;
  const variable = named.slice('env:'.length);
  return (variable === 'UNITRAIL_BENCH_ADDRESS' ? benchAddress : env[variable]) || null;
}

async function lookAtDevices({ stations, named, address }: Devices): Promise<Finding[]> {
  const whose = `of ${stations.join(', ')}`;
  if (address === null) {
    return [
      warn(
        'devices',
        `${whose}: ${named} is not set here`,
        `Only the stations' workers need it: set ${named.slice('env:'.length)} to host:port where they run.`,
      ),
    ];
  }
  if (await isReachable(address, CONNECT_TIMEOUT_MS)) return [ok('devices', `${whose}: ${address} answers`)];
  return [
    failed(
      'devices',
      `${whose}: nothing answers at ${address}`,
      'Start the devices’ server (the virtual bench), or mend the address in the plant file.',
    ),
  ];
}
