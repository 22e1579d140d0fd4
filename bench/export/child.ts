/** One piece of work in a process of its own, so that its memory is its own: `child.ts '{"work": "csv", …}'`. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { writeExportFiles } from '../../adapters/spreadsheet/export-files';
import { openDatabase } from '../../adapters/postgres/database';
import type { ExportLook } from '../../domain/export-settings';
import { copyOut, writeConstantWorkbook } from './floors';
import { benchSource } from './records';

export type Work = 'csv' | 'xlsx' | 'records' | 'floor-csv' | 'floor-xlsx';

export interface Task {
  readonly work: Work;
  readonly units: number;
  readonly url: string;
  readonly folder: string;
}

export interface Measured {
  readonly units: number;
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly peakBytes: number;
  readonly sizeBytes: number;
}

const aboutBench = {
  name: 'bench',
  exportId: 'EX-0001',
  buyer: 'acme',
  kind: 'sequence',
  asOf: new Date('2026-11-26T00:00:00Z'),
  sequence: 1,
  predecessor: null,
} as const;

async function main(task: Task): Promise<Measured> {
  const begun = performance.now();
  const before = process.cpuUsage();
  const sizeBytes = await perform(task);
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return {
    units: task.units,
    seconds,
    processorSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
    sizeBytes,
  };
}

async function perform(task: Task): Promise<number> {
  if (task.work === 'floor-csv') return copyOut(task.url);
  if (task.work === 'floor-xlsx') {
    const file = createWriteStream(join(task.folder, 'floor.xlsx'));
    return writeConstantWorkbook(task.units, file);
  }
  return writeFiles(task, { ...look, formats: [task.work] });
}

const look: ExportLook = {
  columns: null,
  formats: [],
  csv: { separator: ',', encoding: 'utf-8' },
  testColumns: false,
};

async function writeFiles({ url, units, folder }: Task, wanted: ExportLook): Promise<number> {
  const db = openDatabase(url, { applicationName: 'unitrail-bench', maxConnections: 1 });
  try {
    const counts = { units, amendments: 0, numbers: 0 };
    const files = await writeExportFiles(benchSource(db, units), wanted, { ...aboutBench, counts }, folder);
    return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  } finally {
    await db.destroy();
  }
}

main(JSON.parse(process.argv[2]!) as Task).then(
  (measured) => process.send!(measured),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
