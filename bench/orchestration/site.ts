import { mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { fixedLogins } from '../../adapters/postgres/logins';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { openStore } from '../../adapters/store/open-store';
import { prepareEmbedded } from '../../cli/embedded-database';
import { samplePlant } from '../../cli/house';
import type { PlantDocument } from '../../domain/plant-document';
import { closeAll } from '../../workers/close-all';
import { allRoles, startLine, type Line } from '../../workers/line';
import { createLog } from '../../workers/log';
import { createSiteContext, type ServerKind } from '../lifecycle/site';
import type { BenchSetting } from './no-op-bench';
import { NoOpBench } from './no-op-bench';
import { largePlant, settingOf } from './plant';

/** A whole line in one process on servers of its own, with stations that do nothing. */
export interface Site {
  readonly line: Line;
  readonly bench: NoOpBench;
  readonly plant: PlantDocument;
  readonly db: Database;
  readonly auditorUrl: string;
  readonly signal: AbortSignal;
  /** What the databases take on disk. */
  sizes(): Promise<{ unitrail: number; temporal: number | null }>;
}

export interface SiteOptions {
  readonly server: ServerKind;
  readonly slots: number;
  readonly fails: BenchSetting['fails'];
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
}

export async function atSite<T>(options: SiteOptions, work: (site: Site) => Promise<T>): Promise<T> {
  const { say, stop } = options;
  const home = await realpath(await mkdtemp(join(tmpdir(), 'unitrail-orchestration-')));
  const { context, close } = createSiteContext(home, options);
  const leaving = [() => rm(home, { recursive: true, force: true }), close];
  try {
    const { document, files } = await readPlantFile(samplePlant);
    const plant = largePlant(document, options.slots);
    const config = context.config();
    const store = openStore(config.store);
    for (const { bytes } of files) await store.put(bytes);
    const desk = await context.desk();
    await applyPlant(desk, plant);
    const servers = await context.servers();
    await prepareEmbedded(
      servers,
      plant.stations.map(({ id }) => id),
    );
    const bench = new NoOpBench(settingOf(plant, 'EUDV', options.fails));
    say('Starting the workers');
    const line = await startLine(await allRoles(desk), {
      config,
      servers,
      log: createLog('error', 'unitrail'),
      devicesOf: () => bench.devices(),
    });
    leaving.push(() => line.stop());
    const auditorUrl = await servers.loginUrl(fixedLogins.auditor.name);
    const db = openDatabase(auditorUrl, { applicationName: 'unitrail-bench', maxConnections: 2 });
    leaving.push(() => db.destroy());
    const site = { line, bench, plant, db, auditorUrl, sizes: () => sizesOf(db, home) };
    return await line.during((signal) => work({ ...site, signal }), stop);
  } finally {
    await closeAll(leaving);
  }
}

async function sizesOf(db: Database, home: string): Promise<{ unitrail: number; temporal: number | null }> {
  const { rows } = await db.raw<{ rows: { size: string }[] }>(
    'select pg_database_size(current_database()) as size',
  );
  const file = await stat(join(home, 'temporal.db')).catch(() => null);
  return { unitrail: Number(rows[0]!.size), temporal: file?.size ?? null };
}
