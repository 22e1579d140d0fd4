import { UnitrailError } from '../../domain/errors';
import type { Database } from './database';
import { mapped } from './errors';

/**
 * As the functions of the database ask, before a workflow is begun in the name of nobody.
 * @throws UnitrailError NOT_FOUND
 */
export async function requireOperator(db: Database, by: string): Promise<void> {
  const known = await mapped(
    db('operators').where({ number: by }).whereNull('left_at').whereNull('erased_at').first('number'),
  );
  if (!known) throw new UnitrailError('NOT_FOUND', `by: there is no operator ${by} in the plant file`);
}
