import { openDatabase, type Database } from '../adapters/postgres/database';
import { groupsOf, loginsOfBuyers } from '../adapters/postgres/login-groups';
import { fixedLogins } from '../adapters/postgres/logins';
import { pendingMigrations } from '../adapters/postgres/migrate';
import { loadPlant } from '../adapters/postgres/plant-store';
import {
  newestPostgres,
  oldestPostgres,
  probeDatabase,
  type DatabaseFacts,
} from '../adapters/postgres/probe';
import { stationLogin, type PlantDocument } from '../domain/plant';
import { failed, looked, ok, warn, type Finding } from './doctor-finding';

const answers = 'Check that the server runs and that the URL is right.';

export interface DatabaseLook {
  readonly findings: readonly Finding[];
  /** The plant in force, for the looks that follow. */
  readonly plant: PlantDocument | null;
}

/** The database as one of its logins sees it: version, schema, plant, and the logins of all roles. */
export async function lookAtDatabase(url: string): Promise<DatabaseLook> {
  const db = openDatabase(url, { applicationName: 'unitrail-doctor', maxConnections: 2 });
  let plant: PlantDocument | null = null;
  try {
    const findings = await looked(
      'database',
      async () => {
        const facts = await probeDatabase(db, url);
        const schema = facts.migrated
          ? await lookAtSchema(db)
          : [failed('schema', 'there is none', 'Run `unitrail migrate`.')];
        if (facts.migrated) plant = await loadPlant(db);
        return [
          tellServer(facts, url),
          ...schema,
          ...(facts.migrated ? [tellPlant(plant)] : []),
          ...(await lookAtLogins(db, plant)),
        ];
      },
      answers,
    );
    return { findings, plant };
  } finally {
    await db.destroy();
  }
}

/** Whether a login's URL opens the database; `name` says whose it is. */
export async function lookAtLogin(name: string, url: string): Promise<readonly Finding[]> {
  const db = openDatabase(url, { applicationName: 'unitrail-doctor', maxConnections: 1 });
  const look = async () => [ok('login', `${(await probeDatabase(db, url)).login} opens the database`)];
  try {
    return await looked(
      `login ${name}`,
      look,
      'Run `unitrail migrate --logins PLANT` as the owner: it sets the passwords of UNITRAIL_LOGINS.',
    );
  } finally {
    await db.destroy();
  }
}

function tellServer({ version, versionNumber, login }: DatabaseFacts, url: string): Finding {
  const { host, pathname } = new URL(url);
  const found = `PostgreSQL ${version} at ${host}${pathname}, as ${login}`;
  const major = Math.floor(versionNumber / 10_000);
  if (major < oldestPostgres)
    return failed('database', found, `PostgreSQL ${oldestPostgres} to ${newestPostgres} is supported.`);
  if (major > newestPostgres)
    return warn(
      'database',
      found,
      `It is newer than what was tested (${oldestPostgres} to ${newestPostgres}).`,
    );
  return ok('database', found);
}

async function lookAtSchema(db: Database): Promise<Finding[]> {
  const pending = await pendingMigrations(db);
  if (pending.length === 0) return [ok('schema', 'up to date')];
  return [
    failed(
      'schema',
      `${pending.length} migrations have not run: ${pending.join(', ')}`,
      'Run `unitrail migrate`.',
    ),
  ];
}

function tellPlant(plant: PlantDocument | null): Finding {
  if (!plant) return failed('plant', 'no plant file has been applied', 'Run `unitrail apply plant.yaml`.');
  const { products, stations } = plant;
  return ok('plant', `${products.length} products, stations ${stations.map(({ id }) => id).join(', ')}`);
}

/** Each process has a login of its own, with no right but its group's. */
async function lookAtLogins(db: Database, plant: PlantDocument | null): Promise<Finding[]> {
  const stations = (plant?.stations ?? []).map(({ id }) => ({
    name: stationLogin(id),
    group: 'unitrail_station',
  }));
  // One that is in another group as well would see what others bought.
  const buyers = (await loginsOfBuyers(db)).map((name) => ({ name, group: 'unitrail_buyer' }));
  const wanted = [...Object.values(fixedLogins), ...stations, ...buyers];
  const groups = await groupsOf(
    db,
    wanted.map(({ name }) => name),
  );
  const wrong = wanted.flatMap(({ name, group }) => {
    const known = groups.get(name);
    if (!known) return [`${name} is missing`];
    const others = known.filter((one) => one !== group);
    return [
      ...(known.includes(group) ? [] : [`${name} is no member of ${group}`]),
      ...others.map((one) => `${name} is also a member of ${one}`),
    ];
  });
  if (wrong.length === 0) return [ok('logins', `all ${wanted.length} are there, each in its group`)];
  return [
    failed(
      'logins',
      wrong.join('; '),
      'Run `unitrail migrate --logins PLANT` as the owner; take superfluous memberships away by `revoke`.',
    ),
  ];
}
