import { join } from 'node:path';
import { isReachable } from '../adapters/devices/reachable';
import { createSchemeKeys } from '../adapters/keys/scheme-keys';
import { openPlainStore } from '../adapters/store/open-store';
import { parseSha256Hex } from '../domain/brands';
import { UnitrailError } from '../domain/errors';
import type { PlantDocument, Station } from '../domain/plant';
import { placeText, type StorePlace } from '../domain/store-place';
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
    ...lookAtStores(config, plant),
    looked('log folder', () => lookAtLog(config), 'Set UNITRAIL_LOG to a folder that this user may write.'),
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

function lookAtStores(
  { store: { first, copy } }: Config,
  plant: PlantDocument | null,
): Promise<readonly Finding[]>[] {
  const places = [
    { check: 'content store', variable: 'UNITRAIL_STORE', place: first },
    ...(copy ? [{ check: 'second copy', variable: 'UNITRAIL_STORE_COPY', place: copy }] : []),
  ];
  return places.map((one) =>
    looked(
      one.check,
      () => lookAtStore(one, plant),
      `Set ${one.variable} to a folder that this user may write, or to a bucket (docs/store.md).`,
    ),
  );
}

/** Only the office needs it, and this machine may not be its. */
async function lookAtLog({ log }: Config): Promise<Finding[]> {
  if (log !== null) return [await lookAtFolder('log folder', log, 'UNITRAIL_LOG')];
  const mend =
    'Set UNITRAIL_LOG to one folder for all offices: a bucket has no place for the transparency log.';
  return [warn('log folder', 'UNITRAIL_LOG is not set here', mend)];
}

interface LookedAt {
  readonly check: string;
  readonly variable: string;
  readonly place: StorePlace;
}

async function lookAtStore(
  { check, variable, place }: LookedAt,
  plant: PlantDocument | null,
): Promise<Finding[]> {
  const look =
    place.kind === 'folder' ? await lookAtFolder(check, place.folder, variable) : ok(check, placeText(place));
  if (look.status !== 'ok') return [look];
  const store = openPlainStore(place);
  const mend =
    check === 'second copy'
      ? 'Run `unitrail store check`: it copies what is missing.'
      : `Run \`unitrail apply\` with the plant file again, or set ${variable} to the store that has them.`;
  const files = (plant?.firmwareReleases ?? []).flatMap(({ product, version, image, sbom }) => [
    { name: `image of ${product} ${version}`, sha256: image.sha256 },
    { name: `SBOM of ${product} ${version}`, sha256: sbom.sha256 },
  ]);
  const there = await Promise.all(files.map(({ sha256 }) => store.has(sha256)));
  const missing = files.filter((_, at) => !there[at]).map(({ name }) => name);
  if (missing.length > 0) return [failed(check, `${placeText(place)} lacks the ${missing.join(', ')}`, mend)];
  // Where the plant names no file yet, nothing has been asked of a bucket.
  if (files.length === 0) await store.has(parseSha256Hex('0'.repeat(64)));
  return [look];
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
