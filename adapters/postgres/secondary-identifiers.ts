import { secondaryKinds, type SecondaryIdentifier } from '../../domain/secondary-identifier';
import type { Database } from './database';
import { mapped } from './errors';

/**
 * Records a further identifier of the unit. False where it has it already: a repeat changes nothing.
 * @throws UnitrailError SERIAL_CONFLICT naming the other unit that has it, STATE_MOVED_ON where the unit can take none
 */
export async function identifyUnit(
  db: Database,
  unitId: string,
  { kind, issuer, value }: SecondaryIdentifier,
  by: string,
): Promise<boolean> {
  const sql = 'select identify_unit(?, ?, ?, ?, ?) as recorded';
  const answer = await mapped(
    db.raw<{ rows: { recorded: boolean }[] }>(sql, [unitId, kind, issuer, value, by]),
  );
  return answer.rows[0]!.recorded;
}

/** By kind, then by value. */
export async function secondaryIdentifiers(db: Database, unitId: string): Promise<SecondaryIdentifier[]> {
  return mapped(
    db('identifiers')
      .where({ unit_id: unitId })
      .whereIn('kind', [...secondaryKinds])
      .orderBy(['kind', 'value', 'issuer'])
      .select<SecondaryIdentifier[]>('kind', 'issuer', 'value'),
  );
}
