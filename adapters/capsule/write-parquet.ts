import { rm } from 'node:fs/promises';
import { UnitrailError } from '../../domain/errors';
import { parquetColumns, RECORD, RECORD_SHA256, type ParquetColumn } from './parquet-columns';

/**
 * Measured over 1,000,000 records: one serial in 7 to 8 ms. Smaller groups make the file larger, larger ones make one
 * serial slower; DuckDB writes no bloom filter for values that are all different, so that the order replaces it.
 */
const ROWS_A_GROUP = 20_480;
/** Far more than a record has: DuckDB refuses a longer line, and holds buffers of twice this size. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** DuckDB asks nobody: what it needs is linked into it. */
const settings = {
  threads: '2',
  memory_limit: '512MB',
  preserve_insertion_order: 'true',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
};

/**
 * Writes the sealed records, a line each, as Parquet in the same order. What is in the columns is read from the records'
 * text; the text itself is the last one, byte for byte. Memory does not grow with the number of records.
 */
export async function writeParquet(records: string, path: string): Promise<void> {
  const sql = `copy (${selection(records)}) to ${quoted(path)}
    (format parquet, compression zstd, row_group_size ${ROWS_A_GROUP})`;
  // Native code of 70 MB, loaded when the first capsule is written.
  const { DuckDBInstance } = await import('@duckdb/node-api');
  // What has no room in memory goes beside the file: DuckDB's own default is the folder that the process runs in.
  const spilled = `${path}.spilled`;
  const database = await DuckDBInstance.create(':memory:', { ...settings, temp_directory: spilled });
  try {
    const connection = await database.connect();
    await connection.run(sql).catch(diskTrouble);
    connection.closeSync();
  } finally {
    database.closeSync();
    await rm(spilled, { recursive: true, force: true });
  }
}

/** DuckDB tells of a disk in words alone, the system's own: they get the code that every other write has. */
const troubles: readonly (readonly [words: RegExp, code: string])[] = [
  [/No space left on device|max_temp_directory_size/, 'ENOSPC'],
  [/Disk quota exceeded/, 'EDQUOT'],
  [/Input\/output error/, 'EIO'],
  [/Read-only file system/, 'EROFS'],
];

function diskTrouble(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  const code = troubles.find(([words]) => words.test(message))?.[1];
  if (code === undefined) throw error;
  throw Object.assign(new Error(message, { cause: error }), { code });
}

/** Each line is parsed once for all of its texts. */
function selection(records: string): string {
  const plain = parquetColumns.filter(({ kind }) => kind !== 'texts' && kind !== 'json');
  const paths = plain.map(({ path }) => quoted(path)).join(', ');
  const columns = parquetColumns.map(
    (column) => `${expression(column, plain.indexOf(column) + 1)} as ${column.name}`,
  );
  return `select ${columns.join(', ')}, sha256(line) as ${RECORD_SHA256}, line as ${RECORD}
    from (select json::varchar as line, json_extract_string(json, [${paths}]) as texts
          from read_ndjson_objects(${quoted(plainPath(records))}, maximum_object_size = ${MAX_LINE_BYTES}))`;
}

function expression({ kind, path }: ParquetColumn, place: number): string {
  switch (kind) {
    case 'texts':
      return `json_extract_string(line, ${quoted(path)})`;
    case 'json':
      return `json_extract(line, ${quoted(path)})::varchar`;
    case 'text':
      return `texts[${place}]`;
    case 'instant':
      return `texts[${place}]::timestamptz`;
    case 'boolean':
      return `texts[${place}]::boolean`;
    case 'integer':
      return `texts[${place}]::integer`;
  }
}

/** DuckDB takes these for patterns of several files. */
function plainPath(path: string): string {
  if (!/[*?[\]{}]/.test(path)) return path;
  throw new UnitrailError(
    'INPUT_INVALID',
    `folder: ${JSON.stringify(path)} is not allowed; a path without *?[]{}`,
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
