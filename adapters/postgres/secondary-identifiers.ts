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

/**
 * Takes a further identifier from the unit, for ever: it is void from then on. False where it was taken before.
 * @throws UnitrailError NOT_FOUND where the unit has no such identifier, STATE_MOVED_ON where it has left the house
 */
export async function withdrawIdentifier(
  db: Database,
  unitId: string,
  { kind, issuer, value }: SecondaryIdentifier,
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<boolean> {
  const sql = 'select withdraw_identifier(?, ?, ?, ?, ?, ?) as withdrawn';
  const answer = await mapped(
    db.raw<{ rows: { withdrawn: boolean }[] }>(sql, [unitId, kind, issuer, value, by, reason]),
  );
  return answer.rows[0]!.withdrawn;
}

/** Also those that were withdrawn: somebody may still ask whose they were. */
export interface RecordedIdentifier extends SecondaryIdentifier {
  readonly withdrawn: boolean;
}

/** By kind, then by value. */
export async function secondaryIdentifiers(db: Database, unitId: string): Promise<RecordedIdentifier[]> {
  return mapped(
    db('identifiers')
      .where({ unit_id: unitId })
      .whereIn('kind', [...secondaryKinds])
      .orderBy(['kind', 'value', 'issuer'])
      .select<RecordedIdentifier[]>('kind', 'issuer', 'value', db.raw(`state = 'void' as withdrawn`)),
  );
}
