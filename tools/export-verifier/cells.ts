/** What some columns of the units have to say, by the sealed record beside them. */
type Facts = Record<string, unknown>;

/** Where in the record a field of ours stands. Not all of them: dates, lists and measurements have forms of their own. */
const paths: Readonly<Record<string, readonly string[]>> = {
  ...own(
    'serial',
    'issuer',
    'product',
    'gtin',
    'chipUid',
    'batch',
    'boardBatch',
    'boardLot',
    'order',
    'buyerPart',
  ),
  ...own('origin', 'simulated'),
  firmware: ['firmware', 'version'],
  firmwareSha256: ['firmware', 'sha256'],
  certificateSha256: ['provisioning', 'certificateSha256'],
  certificateIssuer: ['provisioning', 'issuer'],
  testPlan: ['test', 'plan'],
  testVerdict: ['test', 'verdict'],
  testAttempt: ['test', 'attempt'],
  testStation: ['test', 'station'],
  qcBy: ['qc', 'by'],
  shipment: ['shipment', 'id'],
  carton: ['shipment', 'carton'],
  buyer: ['shipment', 'buyer'],
  destination: ['shipment', 'destination'],
  events: ['history', 'events'],
  historyHead: ['history', 'head'],
};

function own(...names: string[]): Record<string, readonly string[]> {
  return Object.fromEntries(names.map((name) => [name, [name]]));
}

export interface KnownColumn {
  readonly at: number;
  readonly heading: string;
  readonly path: readonly string[];
}

/** The columns of this header that can be compared. Without a choice of the buyer's, they are called as our fields. */
export function knownColumns(
  header: readonly string[],
  columns: readonly { readonly field: string; readonly name?: string }[] | null,
): KnownColumn[] {
  return header.flatMap((heading, at) => {
    const field = columns === null ? heading : columns[at]?.field;
    const path = field !== undefined && Object.hasOwn(paths, field) ? paths[field] : undefined;
    return path ? [{ at, heading, path }] : [];
  });
}

/** What is in the cell and in the record, where they differ. */
export function differenceAt(
  cell: string,
  record: Facts,
  { path }: KnownColumn,
): { found: string; expected: string } | null {
  const value = path.reduce<unknown>((inner, name) => (inner as Facts | null)?.[name] ?? null, record);
  const expected = value === null ? '' : String(value as string | number | boolean);
  // What a code page lacks is written in another way.
  if (!/^[ -~]*$/.test(expected)) return null;
  // An apostrophe keeps a spreadsheet from taking a text for a formula.
  const bare = (text: string): string => text.replaceAll("'", '');
  return bare(cell) === bare(expected) ? null : { found: cell, expected };
}
