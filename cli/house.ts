import { join } from 'node:path';
import { freePort } from '../adapters/stack/free-port';
import { readPlantFile } from '../adapters/plant/plant-file';
import { openBenchPort } from './bench-port';
import { applyPlant, loadPlant, requirePlant } from '../adapters/postgres/plant-store';
import type { PlantDocument } from '../domain/plant';
import { openStore } from '../adapters/store/open-store';
import type { Config } from '../workers/config';
import { allRoles, startLine, type Line } from '../workers/line';
import { createLog } from '../workers/log';
import type { Servers } from '../workers/servers';
import { prepareEmbedded } from './embedded-database';
import type { ServerContext } from './server-context';

const checkout = join(__dirname, '..');
export const samplePlant = join(checkout, 'sample', 'plant.yaml');
export const sampleOrder = join(checkout, 'sample', 'order.yaml');

/** The whole line in one process: for a laptop, a demo, a small factory. Each role has its own login all the same. */
export interface House {
  readonly servers: Servers;
  readonly line: Line;
  readonly benchAddress: string | null;
}

/** The plant in force; on the embedded servers the sample where none has been applied yet. */
export async function ensurePlant(
  context: ServerContext,
  say: (line: string) => void,
): Promise<PlantDocument> {
  const desk = await context.desk();
  const plant = await loadPlant(desk);
  if (plant) return plant;
  const { stack } = await context.servers();
  // Given servers have an owner, who applies the plant of the factory.
  if (stack === null) return requirePlant(desk);
  say('No plant file has been applied yet: sample/plant.yaml is used');
  const { document, files } = await readPlantFile(samplePlant);
  const store = openStore(context.config().store);
  for (const { bytes } of files) await store.put(bytes);
  await applyPlant(desk, document);
  return document;
}

/** Starts all workers of the plant. `speed` is the virtual bench's: real ones are watched, fast ones are measured. */
export async function openHouse(
  context: ServerContext,
  plant: PlantDocument,
  speed: 'fast' | 'real',
): Promise<House> {
  const servers = await context.servers();
  await prepareEmbedded(
    servers,
    plant.stations.map(({ id }) => id),
  );
  const benchAddress = await openBench(context.config(), servers, plant, speed);
  const config: Config = { ...context.config(), benchAddress };
  // The display tells what happens; what a device does wrong is in it. Whoever wants more sets the level.
  const log = createLog(context.env.UNITRAIL_LOG_LEVEL ? config.logLevel : 'error', 'unitrail');
  const line = await startLine(await allRoles(await context.desk()), { config, servers, log });
  return { servers, line, benchAddress };
}

/** The bench that stands for the hardware of virtual stations; it belongs to the embedded servers and ends with them. */
async function openBench(
  config: Config,
  servers: Servers,
  plant: PlantDocument,
  speed: 'fast' | 'real',
): Promise<string | null> {
  const needed = plant.stations.some(({ devices }) => devices.address === 'env:UNITRAIL_BENCH_ADDRESS');
  if (config.benchAddress !== null || !needed || servers.stack === null) return config.benchAddress;
  const last = await servers.stack.lastInfo('virtual-bench');
  const port = await freePort(last ? Number(last.port) : undefined);
  const { info } = await servers.stack.ensureProcess({
    name: 'virtual-bench',
    command: process.execPath,
    args: [
      '--require',
      require.resolve('tsx/cjs'),
      join(checkout, 'tools', 'virtual-bench', 'main.ts'),
      ...['--home', join(config.home, 'bench'), '--port', String(port), '--speed', speed],
    ],
    // Its compiled code is not kept: the bench is small, and tsx would keep it outside the folders that are ours.
    env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    cwd: checkout,
    info: { port: String(port) },
    ready: (told) => openBenchPort(Number(told.port)),
  });
  return `127.0.0.1:${info.port}`;
}
