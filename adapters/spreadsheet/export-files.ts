import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { UnitrailError } from '../../domain/errors';
import type { ExportAbout, ExportCounts } from '../../domain/export-about';
import { chosenColumns, measurementNames } from '../../domain/export-columns';
import type { ExportColumn, ShippedUnit } from '../../domain/export-fields';
import { amendmentColumns, numberColumns, shippedUnits } from '../../domain/export-rows';
import type { ExportFormat, ExportLook } from '../../domain/export-settings';
import type { ExportSource } from '../../domain/export-source';
import { writeCsv } from './csv';
import { writeAmendmentLines, writeNumberLines, writeRecordLines } from './export-lines';
import { writeExportWorkbook } from './export-workbook';
import { HashedFile, type FileDigest } from './hashed-file';

export interface ExportFile extends FileDigest {
  readonly name: string;
  /** Of units, amendments or numbers, whichever the file holds; of units for a workbook. */
  readonly rows: number;
}

interface Job {
  readonly source: ExportSource;
  readonly look: ExportLook;
  readonly about: ExportAbout;
  readonly units: readonly ExportColumn<ShippedUnit>[];
}

/** What one file holds, by the kind of its rows. */
type Written = Partial<ExportCounts>;

interface FileKind {
  readonly ending: string;
  write(job: Job, stream: NodeJS.WritableStream): Promise<Written>;
}

/**
 * Each format alone tells all that the export has to tell, and its files are there also where they are empty: a program
 * at the buyer's looks for the same names each time.
 */
const kinds: Readonly<Record<ExportFormat, readonly FileKind[]>> = {
  xlsx: [
    {
      ending: '.xlsx',
      write: ({ source, units, about }, stream) => writeExportWorkbook(source, units, about, stream),
    },
  ],
  csv: [
    {
      ending: '.csv',
      write: async ({ source, units, look }, stream) => ({
        units: await writeCsv(shippedUnits(source.records()), units, stream, look.csv),
      }),
    },
    {
      ending: '.amendments.csv',
      write: async ({ source, look }, stream) => ({
        amendments: await writeCsv(source.amendments(), amendmentColumns, stream, look.csv),
      }),
    },
    {
      ending: '.numbers.csv',
      write: async ({ source, look }, stream) => ({
        numbers: await writeCsv(source.numbers(), numberColumns, stream, look.csv),
      }),
    },
  ],
  records: [
    {
      ending: '.records.jsonl',
      write: async ({ source }, stream) => ({ units: await writeRecordLines(source.records(), stream) }),
    },
    {
      ending: '.amendments.jsonl',
      write: async ({ source }, stream) => ({
        amendments: await writeAmendmentLines(source.amendments(), stream),
      }),
    },
    {
      ending: '.numbers.jsonl',
      write: async ({ source }, stream) => ({ numbers: await writeNumberLines(source.numbers(), stream) }),
    },
  ],
};

/**
 * Writes the files of an export into the folder, and returns size and SHA-256 of each. No file is replaced; where one
 * fails, none of them is left.
 * @throws UnitrailError INPUT_INVALID for columns that can't be, INTERNAL where the source holds more or less than the
 * export is said to have
 */
export async function writeExportFiles(
  source: ExportSource,
  look: ExportLook,
  about: ExportAbout,
  folder: string,
): Promise<ExportFile[]> {
  const job: Job = { source, look, about, units: await unitColumnsOf(source, look) };
  const files: ExportFile[] = [];
  try {
    for (const kind of new Set(look.formats.flatMap((format) => kinds[format])))
      files.push(await writeFile(job, kind, folder, `${about.name}${kind.ending}`));
    return files;
  } catch (error) {
    for (const { name } of files) await unlink(join(folder, name));
    throw error;
  }
}

async function unitColumnsOf(
  source: ExportSource,
  { columns, formats, testColumns }: ExportLook,
): Promise<ExportColumn<ShippedUnit>[]> {
  const chosen = chosenColumns(columns);
  if (!testColumns || formats.every((format) => format === 'records')) return chosen;
  return chosenColumns(columns, await measurementNames(shippedUnits(source.records())));
}

async function writeFile(job: Job, kind: FileKind, folder: string, name: string): Promise<ExportFile> {
  const path = join(folder, name);
  const file = await HashedFile.create(path);
  try {
    const written = await kind.write(job, file);
    refuseOtherCounts(name, written, job.about.counts);
    const rows = written.units ?? written.amendments ?? written.numbers ?? 0;
    return { name, ...(await file.close()), rows };
  } catch (error) {
    file.destroy();
    await unlink(path);
    throw error;
  }
}

/** The membership says what an export holds; a file that differs must not reach the buyer. */
function refuseOtherCounts(name: string, written: Written, counts: ExportCounts): void {
  for (const kind of ['units', 'amendments', 'numbers'] as const) {
    if (written[kind] === undefined || written[kind] === counts[kind]) continue;
    throw new UnitrailError(
      'INTERNAL',
      `${name} would hold ${written[kind]} ${kind}, and the export has ${counts[kind]}: it is not made. Run the auditor.`,
      { name, kind, written: written[kind], expected: counts[kind] },
    );
  }
}
