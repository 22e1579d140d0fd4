import type { Knex } from 'knex';
import type { AdoptedUnit } from '../../domain/adopted-unit';
import { readingsOf, type Reading } from '../../domain/unit-lookup';
import type { Database } from './database';
import { mapped } from './errors';

/** What one row of a file says of a unit that was made before Unitrail. */
export interface AdoptedReading extends AdoptedUnit {
  readonly issuer: string;
  readonly source: string;
  readonly adoptedBy: string;
  readonly adoptedAt: Date;
}

interface Row {
  readonly issuer: string;
  readonly body: string;
  readonly source: string;
  readonly adoptedBy: string;
  readonly adoptedAt: Date;
}

/**
 * All readings of the adopted units that the text names, by serial (also `issuer:serial`), MAC address or chip UID: those of
 * one serial together, in the order in which they were adopted. A serial with more than one is disputed.
 */
export async function findAdopted(db: Database, id: string): Promise<AdoptedReading[]> {
  const readings = readingsOf(id);
  const named = db('identifiers as i')
    .join('adopted_units as a', 'a.id', 'i.adopted_unit')
    .where((any) => readings.forEach((reading) => void any.orWhere(registered(reading))))
    .select('a.issuer', 'a.serial');
  // A reading that is disputed has no identifier of its own.
  const bySerial = db('adopted_units')
    .where((any) => serialsOf(readings).forEach((serial) => void any.orWhere(serial)))
    .select('issuer', 'serial');
  const rows: Row[] = await mapped(
    adoptedRows(db)
      .whereIn(['u.issuer', 'u.serial'], db.unionAll([named, bySerial]) as Knex.QueryBuilder)
      .orderBy(['u.issuer', 'u.serial', 'u.id']),
  );
  return rows.map(toReading);
}

function adoptedRows(db: Database): Knex.QueryBuilder {
  return db('adopted_units as u')
    .join('adoptions as o', 'o.id', 'u.adoption_id')
    .select(
      'u.issuer',
      'u.body',
      'o.source_name as source',
      'o.imported_by as adoptedBy',
      'o.imported_at as adoptedAt',
    );
}

function registered({ kind, value, issuer }: Reading): Record<string, string> {
  return { 'i.kind': kind, 'i.value': value, ...(issuer !== undefined && { 'i.issuer': issuer }) };
}

function serialsOf(readings: readonly Reading[]): Record<string, string>[] {
  return readings
    .filter(({ kind }) => kind === 'serial')
    .map(({ value, issuer }) => ({ serial: value, ...(issuer !== undefined && { issuer }) }));
}

function toReading({ body, ...row }: Row): AdoptedReading {
  return { ...(JSON.parse(body) as AdoptedUnit), ...row };
}
