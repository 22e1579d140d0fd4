import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** A Parquet file as somebody would write it anew by hand. `rows`: a query over `t`, the rows that it had. */
export async function rewriteTable(from: string, rows: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'unitrail-table-'));
  const to = join(folder, 'records.parquet');
  const database = await DuckDBInstance.create(':memory:');
  try {
    const connection = await database.connect();
    await connection.run(
      `copy (with t as (select * from read_parquet('${from}')) ${rows}) to '${to}' (format parquet, compression zstd)`,
    );
    connection.closeSync();
    return await readFile(to);
  } finally {
    database.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}
