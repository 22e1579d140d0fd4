import { FIRST_NUMBER } from '../../domain/serial-scheme';
import type { Database } from './database';
import { mapped } from './errors';

/** The number that the next block of the scheme begins with in this scope. */
export async function nextSerialNumber(db: Database, scheme: string, scope: string): Promise<number> {
  const row = await mapped(
    db('number_spaces').where({ kind: 'serial', name: scheme, scope }).first('next_number'),
  );
  // A counter comes to be with its first block.
  return row ? Number(row.next_number) : FIRST_NUMBER;
}
