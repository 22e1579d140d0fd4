import { plainText } from '../../domain/plain-text';
import type { MergedCells, TableCell, TableItem } from '../../domain/table-source';
import type { PackedStrings } from './packed-strings';
import { MAX_SHEET_ROWS } from './sheet-cells';
import type { FailRead } from './fail-read';
import { kept, TextCollector, unescapeText } from './xlsx-text';
import type { XmlHandler } from './xml-reader';

const MAX_COLUMNS = 16_384;
const MAX_TOLD_CHARACTERS = 40;

type Attributes = Readonly<Record<string, string>>;

/** Turns the XML of a sheet into rows, and then the merged areas, which stand behind all rows. */
export class SheetHandler implements XmlHandler {
  private items: TableItem[] = [];
  private row = 0;
  private column = -1;
  private cells: (TableCell | undefined)[] = [];
  private type: string | undefined;
  private hasFormula = false;
  private formula = '';
  private value = '';
  private inside: 'f' | 'v' | null = null;
  private readonly inline = new TextCollector();

  constructor(
    private readonly strings: PackedStrings,
    private readonly fail: FailRead,
  ) {}

  /** The items since the last call. */
  take(): TableItem[] {
    const { items } = this;
    this.items = [];
    return items;
  }

  open(name: string, attributes: Attributes): void {
    if (name === 'row') this.openRow(attributes);
    else if (name === 'c') this.openCell(attributes);
    else if (name === 'mergeCell') this.items.push(this.mergedArea(attributes.ref ?? ''));
    else if (name === 'f' || name === 'v') {
      this.inside = name;
      this.hasFormula ||= name === 'f';
    } else this.inline.open(name);
  }

  text(piece: string): void {
    if (this.inside === 'v') this.value = kept(this.value, piece);
    else if (this.inside === 'f') this.formula = kept(this.formula, piece);
    else this.inline.add(piece);
  }

  close(name: string): void {
    if (name === 'row') this.items.push({ kind: 'row', row: this.row, cells: this.cells });
    else if (name === 'c') this.cells[this.column] = this.cell();
    else if (name === 'f' || name === 'v') this.inside = null;
    else this.inline.close(name);
  }

  /** Without a number, a row is the one after the last. */
  private openRow({ r }: Attributes): void {
    const row = r === undefined ? this.row + 1 : Number(r);
    if (!Number.isInteger(row) || row <= this.row || row > MAX_SHEET_ROWS)
      throw this.fail(`has a row ${JSON.stringify(plainText(String(r), 20))} after row ${this.row}`);
    this.row = row;
    this.column = -1;
    this.cells = [];
  }

  private openCell({ r, t }: Attributes): void {
    const column = r === undefined ? this.column + 1 : this.columnOf(r);
    if (column <= this.column || column >= MAX_COLUMNS)
      throw this.fail(`has a cell in row ${this.row} that is out of order`);
    this.column = column;
    this.type = t;
    this.hasFormula = false;
    this.formula = this.value = '';
    this.inline.begin();
  }

  private columnOf(reference: string): number {
    const place = readReference(reference);
    if (place === null || place.row !== this.row)
      throw this.fail(`has a cell ${JSON.stringify(plainText(reference, 20))} in row ${this.row}`);
    return place.column;
  }

  /** Only a text is what somebody typed. A formula is one even where its result is a text. */
  private cell(): TableCell | undefined {
    const { type, value } = this;
    if (this.hasFormula) return odd(`formula =${this.formula}`);
    if (type === 'inlineStr') return this.inline.take();
    if (type === 's')
      return value === '' ? undefined : (this.strings.at(Number(value)) ?? odd('text that is not there'));
    if (type === 'str') return unescapeText(value);
    if (value === '') return undefined;
    if (type === 'b') return odd(`boolean ${value === '1' ? 'TRUE' : 'FALSE'}`);
    if (type === 'e') return odd(`error ${value}`);
    return odd(type === 'd' ? `date ${value}` : `number ${value}`);
  }

  private mergedArea(reference: string): MergedCells {
    const [from = '', to = from] = reference.split(':');
    const [first, last] = [readReference(from), readReference(to)];
    if (!first || !last) throw this.fail(`has a merged area ${JSON.stringify(plainText(reference, 40))}`);
    return {
      kind: 'merged',
      area: reference,
      row: first.row,
      firstColumn: first.column,
      lastColumn: last.column,
    };
  }
}

function odd(told: string): TableCell {
  return { told: plainText(told, MAX_TOLD_CHARACTERS) };
}

function readReference(reference: string): { column: number; row: number } | null {
  const match = /^([A-Z]{1,3})([1-9][0-9]{0,6})$/.exec(reference);
  if (!match) return null;
  const column = [...match[1]!].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
  return { column, row: Number(match[2]) };
}
