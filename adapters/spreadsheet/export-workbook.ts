import { aboutColumns, aboutRows, type ExportAbout } from '../../domain/export-about';
import type { ExportColumn, ShippedUnit } from '../../domain/export-fields';
import {
  amendmentColumns,
  componentColumns,
  componentRows,
  numberColumns,
  shippedUnits,
  testColumns,
  testRows,
} from '../../domain/export-rows';
import type { ExportSource } from '../../domain/export-source';
import { MAX_SHEET_ROWS } from './sheet-cells';
import { sheetOf, writeWorkbook, type Sheet } from './xlsx';

/**
 * The workbook of an export: always the same sheets in the same order, so that a program finds each of them also where
 * it is empty. Each reads the source anew when its turn comes. Returns the rows by sheet, in this order.
 */
export async function writeExportWorkbook(
  source: ExportSource,
  units: readonly ExportColumn<ShippedUnit>[],
  about: ExportAbout,
  stream: NodeJS.WritableStream,
  maxRows = MAX_SHEET_ROWS,
): Promise<{ units: number; amendments: number; numbers: number }> {
  const [unitCount, , , amendments, numbers] = await writeWorkbook(
    exportSheets(source, units, about, maxRows),
    stream,
  );
  return { units: unitCount!, amendments: amendments!, numbers: numbers! };
}

function exportSheets(
  source: ExportSource,
  units: readonly ExportColumn<ShippedUnit>[],
  about: ExportAbout,
  maxRows: number,
): Sheet[] {
  const explained = [
    { name: 'Units', columns: units },
    { name: 'Tests', columns: testColumns },
    { name: 'Components', columns: componentColumns },
    { name: 'Amendments', columns: amendmentColumns },
    { name: 'Numbers', columns: numberColumns },
  ];
  return [
    sheetOf('Units', units, () => shippedUnits(source.records()), maxRows),
    sheetOf('Tests', testColumns, () => testRows(source.records()), maxRows),
    sheetOf('Components', componentColumns, () => componentRows(source.records()), maxRows),
    sheetOf('Amendments', amendmentColumns, () => source.amendments(), maxRows),
    sheetOf('Numbers', numberColumns, () => source.numbers(), maxRows),
    sheetOf('About', aboutColumns, () => aboutRows(about, explained), maxRows),
  ];
}
