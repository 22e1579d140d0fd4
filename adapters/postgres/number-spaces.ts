import type { GrantFacts } from '../../domain/grant-facts';
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

/** Of the key by which the first numbers of this version of the scheme were hidden; null where none was granted. */
export async function pinnedFingerprint(
  db: Database,
  { name, version }: { readonly name: string; readonly version: number },
): Promise<string | null> {
  const row: { date_parts: string } | undefined = await mapped(
    db('blocks')
      .join('number_spaces', 'number_spaces.id', 'blocks.space_id')
      .where({ kind: 'serial', name, scheme_version: version })
      // Of a lease that was given away nothing is computed here.
      .whereNotNull('blocks.batch_id')
      .orderBy('blocks.id')
      .first('blocks.date_parts'),
  );
  return row ? ((JSON.parse(row.date_parts) as GrantFacts).hidden?.fingerprint ?? null) : null;
}
