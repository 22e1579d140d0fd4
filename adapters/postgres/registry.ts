import type { RegistryState, SpaceState } from '../../domain/watermark';
import type { Database } from './database';
import { mapped } from './errors';

/** How far the registry is, as the database knows it. */
export async function readRegistry(db: Database): Promise<RegistryState> {
  const epoch = await mapped(db('registry_epochs').orderBy('epoch', 'desc').first('epoch', 'registry'));
  const rows: (Omit<SpaceState, 'first' | 'last' | 'next'> & Record<'first' | 'last' | 'next', string>)[] =
    await mapped(
      db('number_spaces')
        .orderByRaw('kind collate "C", name collate "C", scope collate "C"')
        .select(
          'kind',
          'name',
          'scope',
          'issuer',
          'first_number as first',
          'last_number as last',
          'next_number as next',
        ),
    );
  const spaces = rows.map((row) => ({
    ...row,
    first: Number(row.first),
    last: Number(row.last),
    next: Number(row.next),
  }));
  const newest = await mapped(db('movements').max('id as id').first());
  const movement = Number(newest?.id ?? 0);
  return { format: 'unitrail.watermark/1', registry: epoch.registry, epoch: epoch.epoch, movement, spaces };
}

/** Moves the counters past what was issued, opens the next epoch and returns its number. */
export async function advanceRegistry(
  db: Database,
  step: { spaces: readonly SpaceState[]; epoch: number; by: string; reason: string },
): Promise<number> {
  const { rows } = await mapped(
    db.raw<{ rows: { epoch: number }[] }>('select advance_registry(?::jsonb, ?, ?, ?) as epoch', [
      JSON.stringify(step.spaces),
      step.epoch,
      step.by,
      step.reason,
    ]),
  );
  return rows[0]!.epoch;
}
