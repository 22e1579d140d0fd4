import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import exceljs from 'exceljs';
import { Client } from 'pg';
import { from, to } from 'pg-copy-streams';
import { drained } from '../../adapters/spreadsheet/xlsx-backlog';
import type { Database } from '../../adapters/postgres/database';
import type { ColumnKind } from '../../domain/columns';
import { unitFields } from '../../domain/export-fields';
import { componentColumns, testColumns } from '../../domain/export-rows';
import { PassThrough } from 'node:stream';

const sqlTypes: Readonly<Record<ColumnKind, string>> = {
  text: 'text',
  number: 'double precision',
  date: 'timestamptz',
  boolean: 'boolean',
};

/** A table of the very columns of our CSV, loaded from it: what COPY then writes says the same. */
export async function loadColumns(db: Database, url: string, csv: string): Promise<void> {
  const columns = unitFields.map(({ name, kind }) => `"${name}" ${sqlTypes[kind]}`);
  await db.raw('drop table if exists bench_columns');
  await db.raw(`create unlogged table bench_columns (${columns.join(', ')})`);
  await connected(url, (client) =>
    pipeline(createReadStream(csv), client.query(from('copy bench_columns from stdin (format csv, header)'))),
  );
  await db.raw('vacuum (analyze) bench_columns');
}

/** The floor of CSV: Postgres writes it, nobody guards it, and it is thrown away here. Returns its bytes. */
export async function copyOut(url: string): Promise<number> {
  return connected(url, async (client) => {
    let sizeBytes = 0;
    const chunks = client.query(to('copy bench_columns to stdout (format csv, header)'));
    for await (const chunk of chunks) sizeBytes += (chunk as Buffer).length;
    return sizeBytes;
  });
}

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const constants: Readonly<Record<ColumnKind, string | number | boolean | Date>> = {
  text: 'EUDV2647-00000001',
  number: 3.291,
  date: new Date('2026-11-23T08:20:00.125Z'),
  boolean: false,
};
const formats: Readonly<Record<ColumnKind, string>> = {
  text: '@',
  number: 'General',
  date: 'yyyy-mm-dd hh:mm:ss',
  boolean: 'General',
};
const CELLS_BETWEEN_PAUSES = 2_000;
const MAX_ROWS = 1_048_576;

/**
 * The floor of the workbook: exceljs's stream writer on as many cells of the same kinds and formats, all alike, with
 * the pauses that it needs to stay in memory. Returns its bytes.
 */
export async function writeConstantWorkbook(units: number, file: NodeJS.WritableStream): Promise<number> {
  const bytes = new PassThrough();
  const written = pipeline(bytes, file);
  let sizeBytes = 0;
  bytes.on('data', (chunk: Buffer) => (sizeBytes += chunk.length));
  const workbook = new exceljs.stream.xlsx.WorkbookWriter({ stream: bytes, useStyles: true });
  const lists = [
    { columns: unitFields, rows: units },
    { columns: testColumns, rows: 6 * units },
    { columns: componentColumns, rows: 2 * units },
  ];
  for (const { columns, rows } of lists) {
    for (let left = rows; left > 0; left -= MAX_ROWS - 1)
      await constantSheet(workbook, bytes, columns, Math.min(left, MAX_ROWS - 1));
  }
  await workbook.commit();
  await written;
  return sizeBytes;
}

async function constantSheet(
  workbook: InstanceType<typeof exceljs.stream.xlsx.WorkbookWriter>,
  bytes: PassThrough,
  columns: readonly { readonly kind: ColumnKind }[],
  rows: number,
): Promise<void> {
  const sheet = workbook.addWorksheet();
  sheet.columns = columns.map(({ kind }) => ({ width: 20, style: { numFmt: formats[kind] } }));
  const cells = columns.map(({ kind }) => constants[kind]);
  const rowsBetweenPauses = Math.max(1, Math.floor(CELLS_BETWEEN_PAUSES / columns.length));
  for (let row = 1; row <= rows; row++) {
    sheet.addRow(cells).commit();
    if (row % rowsBetweenPauses === 0) await drained(sheet, bytes);
  }
  sheet.commit();
}
