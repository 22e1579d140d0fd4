import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext } from '../../cli/context';
import { ensurePlant, openHouse, type House } from '../../cli/house';
import { createConnections, type ServerContext } from '../../cli/server-context';
import type { Database } from '../../adapters/postgres/database';
import { fixedLogins } from '../../adapters/postgres/logins';
import type { PlantDocument } from '../../domain/plant';
import { processorTimes, type ProcessorTimes } from '../support/processor-time';
import { temporalAddress } from '../../workers/temporal-address';
import { closeAll } from '../../workers/close-all';
import type { Servers } from '../../workers/servers';
import { startFloor, type Floor } from './floor';
import { startTemporalOnPostgres } from './temporal-on-postgres';

export type ServerKind = 'dev' | 'postgres';

/** The product and its floor, side by side: one process, one connection, the same servers. */
export interface Site {
  readonly plant: PlantDocument;
  readonly house: House;
  readonly floor: Floor;
  readonly auditorUrl: string;
  readonly postgresVersion: string;
  processorTimes(): Promise<ProcessorTimes>;
  /** Aborted where the work is to end: asked before each question to Temporal. */
  readonly signal: AbortSignal;
}

type Say = (line: string) => void;

/** Opens servers of its own in a folder of its own, works there, and leaves nothing behind. `stop` calls it off. */
export async function atSite<T>(
  { server, say, stop }: { server: ServerKind; say: Say; stop: AbortSignal },
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'unitrail-lifecycle-')));
  const { context, close } = createSiteContext(home, { server, say, stop });
  const leaving = [() => rm(home, { recursive: true, force: true }), close];
  try {
    const plant = await ensurePlant(context, say);
    const house = await openHouse(context, plant, 'fast');
    leaving.push(() => house.line.stop());
    const floor = await startFloor(house.line.host, plant.stations);
    leaving.push(() => floor.stop());
    stop.throwIfAborted();
    const site: Omit<Site, 'signal'> = {
      plant,
      house,
      floor,
      auditorUrl: await house.servers.loginUrl(fixedLogins.auditor.name),
      postgresVersion: await versionOf(await context.desk()),
      processorTimes: () => timesAt(home),
    };
    return await house.line.during((signal) => work({ ...site, signal }), stop);
  } finally {
    await closeAll(leaving);
  }
}

/** The servers that somebody's environment names are not ours to load: the embedded ones are used. */
export function createSiteContext(
  home: string,
  { server, say, stop }: { server: ServerKind; say: Say; stop: AbortSignal },
): { context: ServerContext; close: () => Promise<void> } {
  const given = Object.entries(process.env).filter(
    ([name]) => !/^(TEMPORAL_|UNITRAIL_(?!TEMPORAL_CLI))/.test(name),
  );
  const env = { ...Object.fromEntries(given), UNITRAIL_HOME: home, UNITRAIL_LOG_LEVEL: 'warn' };
  const connections = createConnections(env, say, stop);
  const context = createContext({
    args: [],
    env,
    out: process.stdout,
    err: process.stderr,
    openDesk: connections.openDesk,
  });
  let servers: Promise<Servers> | undefined;
  const open = () =>
    (servers ??= server === 'dev' ? connections.servers() : onPostgres(connections.servers(), say));
  return {
    context: {
      ...context,
      ...connections,
      servers: open,
      takeOverSignals: () => stop,
      giveBackSignals: () => {},
      exitWith: () => {},
    },
    close: async () => {
      await context.close();
      await connections.close();
    },
  };
}

/** The embedded servers, with the other Temporal in place of the development server, which idles. */
async function onPostgres(opening: Promise<Servers>, say: Say): Promise<Servers> {
  const servers = await opening;
  return {
    ...servers,
    temporalUi: null,
    temporal: temporalAddress(await startTemporalOnPostgres(servers.stack!, say)),
  };
}

async function versionOf(db: Database): Promise<string> {
  const { rows } = await db.raw<{ rows: { server_version: string }[] }>('show server_version');
  return rows[0]!.server_version;
}

function timesAt(home: string): Promise<ProcessorTimes> {
  return processorTimes('workers', {
    Temporal: join(home, 'temporal'),
    Postgres: join(home, 'postgres'),
    'virtual bench': join(home, 'bench'),
  });
}
