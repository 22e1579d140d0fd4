import { canonicalJson } from '../../domain/canonical';
import { UnitrailError } from '../../domain/errors';
import { usedOffsets } from '../../domain/mac-pool';
import {
  comparePlant,
  refusalsOf,
  stationLogin,
  type Issued,
  type PlantDifference,
  type PlantDocument,
} from '../../domain/plant';
import type { Database } from './database';
import { mapped } from './errors';

/** The plant in force: the newest applied version, without operators. Null before the first `apply`. */
export async function loadPlant(db: Database): Promise<PlantDocument | null> {
  const row = await mapped(db('plant_versions').orderBy('id', 'desc').first('document'));
  return row ? (JSON.parse(row.document) as PlantDocument) : null;
}

export async function requirePlant(db: Database): Promise<PlantDocument> {
  const plant = await loadPlant(db);
  if (!plant)
    throw new UnitrailError(
      'PLANT_INVALID',
      'No plant file has been applied yet. Run `unitrail apply plant.yaml` first.',
    );
  return plant;
}

/** What applying the document would change, and what it may not change because it is issued already. */
export async function planPlant(db: Database, next: PlantDocument): Promise<PlantDifference> {
  const current = await loadPlant(db);
  const known = current && { ...current, operators: await knownOperators(db, next) };
  return comparePlant(known, next, await issuedSoFar(db));
}

/** Operators stay known when the file no longer names them: history does. An erased name stays erased. */
async function knownOperators(db: Database, next: PlantDocument): Promise<PlantDocument['operators']> {
  const rows: { number: string; name: string | null }[] = await mapped(
    db('operators').select('number', 'name'),
  );
  const names = new Map(rows.map(({ number, name }) => [Number(number), name]));
  return next.operators
    .filter(({ number }) => names.has(number))
    .map(({ number, name }) => ({ number, name: names.get(number) ?? name }));
}

/** Loads the document. A repeat of what is in force is a no-op; a change that would break what is issued is refused whole. */
export async function applyPlant(
  db: Database,
  next: PlantDocument,
): Promise<{ difference: PlantDifference; version: number | null }> {
  const difference = await planPlant(db, next);
  const [refused] = refusalsOf(difference);
  if (refused)
    throw new UnitrailError('PLANT_INVALID', `${refused.kind} ${refused.name}: ${refused.refusal}`, {
      refusals: refusalsOf(difference).length,
    });
  await noteOperators(db, next);
  if (difference.every((change) => change.change === 'same')) return { difference, version: null };
  // Operators' names stand in one table, which can be erased; neither the kept document nor the difference has them.
  const kept = canonicalJson({ ...next, operators: [] });
  const told = difference
    .filter(({ change }) => change !== 'same')
    .map(({ kind, name, change }) => ({ kind, name, change }));
  const values = [kept, canonicalJson(told), JSON.stringify(changesOf(next))];
  const version = await mapped(
    db.transaction(async (trx) => {
      const answer = await trx.raw<{ rows: { version: string }[] }>(
        'select apply_plant(?, ?, ?::jsonb) as version',
        values,
      );
      await trx.raw('select declare_used_ranges(?::jsonb)', [JSON.stringify(usedRanges(next))]);
      return Number(answer.rows[0]!.version);
    }),
  );
  return { difference, version };
}

/** Somebody who is in the file no more is no change of it, and yet the time of the name runs. */
async function noteOperators(db: Database, { operators }: PlantDocument): Promise<void> {
  await mapped(db.raw('select note_operators(?)', [operators.map(({ number }) => String(number))]));
}

function usedRanges({ macPools }: PlantDocument) {
  return macPools.map((pool) => ({
    name: pool.name,
    ranges: usedOffsets(pool).map(({ first, end }) => [first, end]),
  }));
}

/** The rows that other rows refer to. */
function changesOf(plant: PlantDocument) {
  return {
    issuers: [
      { id: plant.manufacturer.issuer, kind: 'manufacturer' },
      { id: 'ieee', kind: 'registry' },
      { id: 'device-ca', kind: 'authority' },
      ...plant.buyers.map(({ id }) => ({ id, kind: 'buyer' })),
      ...[...new Set(plant.products.map(({ chipFamily }) => chipFamily))].map((id) => ({
        id,
        kind: 'chip-family',
      })),
    ],
    buyers: plant.buyers.map(({ id, name, test }) => ({ id, name, test })),
    operators: plant.operators.map(({ number, name }) => ({ number: String(number), name })),
    stations: plant.stations.map(({ id, steps, slots, virtual }) => ({
      id,
      login: stationLogin(id),
      steps,
      slots,
      virtual,
    })),
  };
}

async function issuedSoFar(db: Database): Promise<Issued> {
  const list = async (sql: string): Promise<string[]> =>
    (await mapped(db.raw<{ rows: { name: string }[] }>(sql))).rows.map((row) => row.name);
  return {
    // A buyer's list is no scheme, whatever it is called.
    schemesUsed: await list(
      `select distinct s.name || '/' || b.scheme_version as name from blocks b join number_spaces s on s.id = b.space_id
       where s.kind = 'serial' and not exists (select from number_lists l where l.space_id = s.id)
       union select name || '/' || version from number_leases where kind = 'serial'`,
    ),
    firmwareUsed: await list(`select distinct product || '/' || firmware_version as name from batches`),
    productsUsed: await list(`select distinct product as name from batches`),
    macPoolsUsed: await list(
      `select distinct s.name from blocks b join number_spaces s on s.id = b.space_id where s.kind = 'mac'
       union select name from number_leases where kind = 'mac'`,
    ),
    macRangesGranted: await grantedRanges(db),
    buyersUsed: await list(
      `select buyer as name from batches where buyer is not null union select buyer from shipments`,
    ),
    buyersListed: await list(`select distinct issuer as name from number_lists`),
    stationsOccupied: await list(`select distinct station as name from slots where state <> 'free'`),
    siteNames: await list(
      `select distinct case side when 'lessor' then lessor else lessee end as name from number_leases`,
    ),
  };
}

async function grantedRanges(db: Database): Promise<Issued['macRangesGranted']> {
  const answer = await mapped(
    db.raw<{ rows: { pool: string; receiver: string; first: string; end: string }[] }>(
      `select s.name as pool, coalesce('batch ' || b.batch_id, 'lease ' || b.lease_id || ' of ' || l.lessee) as receiver,
         lower(b.numbers) as first, upper(b.numbers) as end
       from blocks b join number_spaces s on s.id = b.space_id left join number_leases l on l.id = b.lease_id where s.kind = 'mac' order by b.id`,
    ),
  );
  return answer.rows.map((row) => ({ ...row, first: Number(row.first), end: Number(row.end) }));
}
