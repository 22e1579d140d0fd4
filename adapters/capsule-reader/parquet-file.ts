import { decompress } from 'fzstd';
import {
  parquetMetadataAsync,
  parquetReadObjects,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
} from 'hyparquet';
import type { ByteSource } from './bytes';

export type ParquetRow = Readonly<Record<string, unknown>>;

/** A table of sealed records, read by a reader that shares nothing with its writer. */
export interface ParquetFile {
  readonly rows: number;
  /** All rows in their order, a row group in memory at a time. */
  all(columns?: readonly string[]): AsyncGenerator<ParquetRow>;
  /** The records of this serial, as text: only the row groups that can hold it are read, and only what is needed of them. */
  recordsOf(serial: string): Promise<string[]>;
}

interface Group {
  readonly from: number;
  readonly to: number;
  readonly least: unknown;
  readonly most: unknown;
}

const compressors: Compressors = {
  ZSTD: (input, length) => decompress(input, new Uint8Array(length)),
};

export async function openParquet(source: ByteSource): Promise<ParquetFile> {
  const file: AsyncBuffer = {
    byteLength: source.sizeBytes,
    slice: async (from, to) => (await source.read(from, to ?? source.sizeBytes)).slice().buffer,
  };
  const metadata = await parquetMetadataAsync(file);
  const groups = groupsOf(metadata);
  const read = (from: number, to: number, columns?: readonly string[]): Promise<ParquetRow[]> =>
    parquetReadObjects({
      file,
      metadata,
      compressors,
      rowStart: from,
      rowEnd: to,
      ...(columns ? { columns: [...columns] } : {}),
    });
  return {
    rows: Number(metadata.num_rows),
    async *all(columns) {
      for (const { from, to } of groups) yield* await read(from, to, columns);
    },
    async recordsOf(serial) {
      const found: string[] = [];
      for (const { from, to } of groups.filter((group) => mayHold(group, serial))) {
        const serials = await read(from, to, ['serial']);
        const first = serials.findIndex((row) => row.serial === serial);
        const last = serials.findLastIndex((row) => row.serial === serial);
        if (first < 0) continue;
        const rows = await read(from + first, from + last + 1, ['record']);
        found.push(...rows.map(({ record }) => String(record)));
      }
      return found;
    },
  };
}

function groupsOf({ row_groups }: FileMetaData): Group[] {
  let from = 0;
  return row_groups.map(({ num_rows, columns }) => {
    const to = from + Number(num_rows);
    const serials = columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === 'serial');
    const { min_value: least, max_value: most } = serials?.meta_data?.statistics ?? {};
    const group = { from, to, least, most };
    from = to;
    return group;
  });
}

/** Without figures of its own a group may hold anything. */
function mayHold({ least, most }: Group, serial: string): boolean {
  if (typeof least !== 'string' || typeof most !== 'string') return true;
  return least <= serial && serial <= most;
}
