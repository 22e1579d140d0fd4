import { timeText, type Column } from './columns';
import type { ExportColumn } from './export-fields';

/** Of the set of files as a whole: names of files, columns and lines. */
export const EXPORT_FORMAT = 'unitrail.export/1';

export const exportKinds = ['sequence', 'reissue', 'extract'] as const;
export type ExportKind = (typeof exportKinds)[number];

export interface ExportCounts {
  readonly units: number;
  readonly amendments: number;
  readonly numbers: number;
}

/** Where the files of an export come from. */
export interface ExportAbout {
  /** What the files' names begin with; the endings are ours. */
  readonly name: string;
  readonly exportId: string;
  readonly buyer: string;
  readonly kind: ExportKind;
  readonly asOf: Date;
  /** Null for what stands outside the sequence: a reissue or an extract. */
  readonly sequence: number | null;
  /** The export before it in the sequence; null for the first one. */
  readonly predecessor: string | null;
  /** How many there are by the membership. Files that hold another number are refused. */
  readonly counts: ExportCounts;
}

/** One line of the sheet that explains the others. */
export interface AboutRow {
  readonly part: string;
  readonly name: string;
  readonly kind: string | null;
  readonly meaning: string;
}

export interface ExplainedSheet {
  readonly name: string;
  readonly columns: readonly Pick<ExportColumn<never>, 'heading' | 'kind' | 'meaning'>[];
}

export const aboutColumns: readonly (Column<AboutRow> & { width: number })[] = [
  { name: 'part', heading: 'Part', kind: 'text', width: 16, value: ({ part }) => part },
  { name: 'name', heading: 'Name', kind: 'text', width: 28, value: ({ name }) => name },
  { name: 'kind', heading: 'Kind', kind: 'text', width: 10, value: ({ kind }) => kind },
  { name: 'meaning', heading: 'Meaning', kind: 'text', width: 100, value: ({ meaning }) => meaning },
];

/** How values are shown, and what a reader has to know who finds a cell unlike the record. */
const notes: Readonly<Record<string, string>> = {
  Identifiers:
    'Serial numbers, MAC addresses, lots, cartons and digests are text, also where they look like numbers: leading zeros count.',
  Times: 'All times are UTC. A time that Excel has no date for (before 1 March 1900) is text.',
  Numbers: 'A whole number of more than 15 digits is text: a cell would lose its last digits.',
  'Empty cells': 'Nothing is known, or it does not apply. A measurement without a value could not be made.',
  'Control characters':
    "They are shown by their pictures: the separator of GS1 labels (character 29) as ␝. What XML can't hold is shown as \ufffd.",
  'Long texts': 'A text of more than 32,767 characters is cut, and says so at its end.',
  Formulas: 'There are none: a text that begins like one is a text.',
  'Further sheets': 'A list of more than 1,048,575 rows goes on in a sheet of the same name with a number.',
  'What counts':
    'The sealed record (in the .records.jsonl file, where it is delivered) is what was recorded, byte for byte; the sheets are made from it.',
};

export function aboutRows(about: ExportAbout, sheets: readonly ExplainedSheet[]): AboutRow[] {
  return [
    ...Object.entries(provenance(about)).map(([name, meaning]) => line('This export', name, meaning)),
    ...sheets.flatMap(({ name, columns }) =>
      columns.map(({ heading, kind, meaning }) => ({ part: name, name: heading, kind, meaning })),
    ),
    ...Object.entries(notes).map(([name, meaning]) => line('How to read it', name, meaning)),
  ];
}

function line(part: string, name: string, meaning: string): AboutRow {
  return { part, name, kind: null, meaning };
}

function provenance(about: ExportAbout): Record<string, string> {
  const outside = `none: this is ${about.kind === 'reissue' ? 'a reissue' : 'an extract'}, outside the sequence`;
  return {
    'Export id': about.exportId,
    Buyer: about.buyer,
    'As of (UTC)': timeText(about.asOf) ?? 'unknown',
    'Number in sequence': about.sequence === null ? outside : String(about.sequence),
    Predecessor: about.predecessor ?? (about.sequence === null ? 'none' : 'none: this is the first one'),
    Units: String(about.counts.units),
    Amendments: String(about.counts.amendments),
    'Numbers on no unit': String(about.counts.numbers),
    Format: EXPORT_FORMAT,
  };
}
