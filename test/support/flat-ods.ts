/** What LibreOffice makes of a workbook, in its flat XML: every cell with its type, on every sheet. */
import { SaxesParser } from 'saxes';

export type OfficeCell = string | number | boolean | Date | null;

/** The rows of each sheet, by its name; what is empty at the end of a row or a sheet is left out. */
export function readFlatOds(xml: string): Map<string, OfficeCell[][]> {
  const sheets = new Map<string, OfficeCell[][]>();
  let rows: OfficeCell[][] = [];
  let cell: { readonly attributes: Record<string, string>; text: string; paragraphs: number } | undefined;
  let row: OfficeCell[] = [];
  /** What stands between paragraphs is the file's own layout. */
  let inParagraph = false;
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'table:table') sheets.set(attributes['table:name']!, (rows = []));
    if (name === 'table:table-row') row = [];
    if (name === 'table:table-cell') cell = { attributes: { ...attributes }, text: '', paragraphs: 0 };
    if (!cell) return;
    if (name === 'text:p') inParagraph = true;
    if (name === 'text:p' && cell.paragraphs++ > 0) cell.text += '\n';
    if (name === 'text:s') cell.text += ' '.repeat(Number(attributes['text:c'] ?? 1));
    if (name === 'text:tab') cell.text += '\t';
    if (name === 'text:line-break') cell.text += '\n';
  });
  parser.on('text', (text) => {
    if (cell && inParagraph) cell.text += text;
  });
  parser.on('closetag', ({ name }) => {
    if (name === 'text:p') inParagraph = false;
    if (name === 'table:table-cell' && cell) {
      const value = valueOf(cell.attributes, cell.text);
      const count = Number(cell.attributes['table:number-columns-repeated'] ?? 1);
      for (let at = 0; at < count && (value !== null || at < 1_000); at++) row.push(value);
      cell = undefined;
    }
    if (name === 'table:table-row') {
      while (row.at(-1) === null) row.pop();
      if (row.length > 0) rows.push(row);
    }
  });
  parser.write(xml).close();
  return sheets;
}

function valueOf(attributes: Readonly<Record<string, string>>, text: string): OfficeCell {
  const formula = attributes['table:formula'];
  // So LibreOffice writes what xlsx calls a boolean.
  if (formula === 'of:=TRUE()' || formula === 'of:=FALSE()') return formula === 'of:=TRUE()';
  if (formula !== undefined) throw new Error(`a formula: ${formula}`);
  switch (attributes['office:value-type']) {
    case undefined:
      return null;
    case 'string':
      return attributes['office:string-value'] ?? text;
    case 'date':
      return dateOf(attributes['office:date-value']!);
    default:
      return Number(attributes['office:value']);
  }
}

/** LibreOffice tells a time to the hundredth of a second. */
function dateOf(told: string): Date {
  const [, seconds, fraction = '0'] = /^([^.]+)(?:\.(\d+))?$/.exec(told)!;
  const whole = seconds!.includes('T') ? seconds! : `${seconds!}T00:00:00`;
  return new Date(Date.parse(`${whole}Z`) + Math.round(Number(`0.${fraction}`) * 1_000));
}
