import type { Snapshot } from './snapshot';

/** How much there is to judge. */
export async function countRows(snapshot: Snapshot): Promise<Record<string, number>> {
  const tables = {
    events: 'unit_events',
    units: 'units',
    identifiers: 'identifiers',
    blocks: 'blocks',
    movements: 'movements',
    listedNumbers: 'listed_numbers',
    adoptedUnits: 'adopted_units',
    leases: 'number_leases',
    exports: 'exports',
    exportItems: 'export_items',
    leaves: 'log_leaves',
    fieldReports: 'field_reports',
    archivedUnits: 'capsule_units where retired_at is not null',
  };
  const others = { batches: 'batches', orders: 'orders', shipments: 'shipments', records: 'records' };
  const counts: Record<string, number> = {};
  for (const [name, table] of Object.entries({ ...tables, ...others })) {
    const [row] = await snapshot.rows<{ count: number }>(`select count(*) as count from ${table}`);
    counts[name] = row?.count ?? 0;
  }
  return counts;
}
