import { readArchived, type ArchivedUnit } from '../adapters/archive/archived-unit';
import type { LocatedUnit } from '../adapters/postgres/located-unit';
import { openStore } from '../adapters/store/open-store';
import type { ServerContext } from './server-context';

/** Where the bytes of a unit are, and what could be read of them there. */
export interface UnitSource {
  /** `database`, or `archive acme-EUDV-2026-11-1`. */
  readonly from: string;
  /** Undefined where the database has everything. */
  readonly moved?: ArchivedUnit;
}

/** The content store is opened only where the unit has moved. */
export async function unitSource(context: ServerContext, unit: LocatedUnit): Promise<UnitSource> {
  if (unit.place === null) return { from: 'database' };
  const store = openStore(context.config().store);
  const moved = await readArchived(await context.desk(), store, unit, unit.place);
  return { from: `archive ${moved.capsule}`, moved };
}
