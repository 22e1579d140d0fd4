import type { LastingDetails, UnitDetails, UnitFailure } from '../adapters/postgres/unit-details';
import { adviceFor } from '../domain/advice';
import type { Column } from '../domain/columns';
import type { TestResult } from '../domain/judge-test';
import { summariseEvent } from '../domain/event-summary';
import { plainText } from '../domain/plain-text';
import type { RecordLabel, RecordTest } from '../domain/record-document';
import type { SecondaryKind } from '../domain/secondary-identifier';
import { stepNumber } from '../domain/unit-lifecycle';
import { firmwareDiffers as differs, type UnitRow } from '../domain/unit-row';
import type { CliContext } from './context';
import { decisionCommand } from './decision-command';
import { tableText } from './output';
import { proofText } from './proof-text';
import type { RecordProof } from './unit-proof';

export type Line = [label: string, text: string | null];

const LABEL_WIDTH = 13;

/** Where the bytes were read, in words, and whether the log holds them. */
export interface ReadFrom {
  readonly from: string;
  readonly proof: RecordProof;
}

/** The page of one unit for a person: who it is, what it is, where it stands, and the proofs that it has. */
export function unitPage(context: CliContext, details: UnitDetails, read: ReadFrom): string {
  const { record } = details;
  const sections: string[] = [
    section('Who', whoLines(details, record.gtin)),
    section('What', whatLines(details)),
    section('Where it stands', standingLines(details)),
    ...(details.lastTest ? [testSection(context, details.lastTest)] : []),
    ...(record.labels.length > 0 ? [section('Label', record.labels.flatMap(labelLines))] : []),
    ...(record.qc
      ? [
          section('Final QC', [
            ['Passed', `${record.qc.at} by ${record.qc.by ?? '?'}`],
            ['Statement', sha(record.qc.statementSha256)],
          ]),
        ]
      : []),
    ...(record.shipment ? [section('Shipment', shipmentLines(details))] : []),
    section('Promised', termLines(details)),
    ...(details.unit.reportedAt ? [section('In the field', fieldLines(details.unit))] : []),
    section('Record', recordLines(details, read)),
    ...(details.amendments.length > 0 ? [section('Since', amendmentLines(details))] : []),
  ];
  return sections.join('\n\n');
}

export function whoLines({ unit, identifiers }: LastingDetails, gtin: string | null): Line[] {
  return [
    ['Serial', `${unit.serial}  (issuer ${unit.issuer})`],
    ['Product', gtin === null ? unit.product : `${unit.product}, GTIN ${gtin}`],
    ['MAC', unit.macs.join(', ') || null],
    ['Chip UID', unit.chipUid],
    ['Certificate', sha(unit.certificateSha256)],
    ...identifiers.map(({ kind, issuer, value, withdrawn }): Line => [
      pageNames[kind],
      `${value}  (issuer ${issuer})${withdrawn ? ', withdrawn' : ''}`,
    ]),
    ['Kind', kindOf(unit)],
  ];
}

/** The label's column is narrow. */
const pageNames: Readonly<Record<SecondaryKind, string>> = {
  imei: 'IMEI',
  asset: 'Asset no.',
  'certificate-serial': 'Cert. serial',
};

function kindOf(unit: UnitRow): string | null {
  const kinds = [
    ...(unit.trial ? ['trial, stays in the house'] : []),
    ...(unit.simulated ? ['simulated, for test buyers only'] : []),
  ];
  return kinds.join('; ') || null;
}

export function whatLines({ unit }: LastingDetails): Line[] {
  const flashed = unit.flashedSha256 ? sha(unit.flashedSha256) : 'not flashed yet';
  return [
    ['Firmware', `${unit.firmware}, ${flashed}`],
    ['Board', unit.boardLot ? `batch ${unit.boardBatch}, lot ${unit.boardLot}` : 'none bound yet'],
    ...unit.components.map(({ position, lots }, at): Line => [
      at === 0 ? 'Components' : '',
      `${position}  ${lots.join(', ')}`,
    ]),
    ['Batch', `${unit.batch}, no. ${unit.batchIndex}, order ${unit.order}`],
    ['For', [unit.buyer, unit.destination].filter(Boolean).join(', ') || null],
  ];
}

function standingLines({ unit, since, failure, holds }: UnitDetails): Line[] {
  const step = `step ${stepNumber(unit.step)} (${unit.step}), attempt ${unit.attempt}`;
  return [
    ['State', unit.state === 'OnHold' ? `OnHold (${unit.stateBeneath} beneath)` : unit.state],
    ['At', step],
    ['Since', since.toISOString()],
    ...holds.map((hold): Line => ['Hold', `${hold.hold} since ${hold.since.toISOString()}: ${hold.reason}`]),
    ...(failure ? failureLines(failure, unit) : []),
  ];
}

function failureLines(failure: UnitFailure, { serial, stateBeneath }: UnitRow): Line[] {
  const told = `${failure.code}: ${failure.message}`;
  if (stateBeneath !== 'AwaitingEngineer') {
    return [
      ['Last failure', told],
      ['', 'It is tried again by itself.'],
    ];
  }
  return [
    ['Failure', told],
    ['What to do', adviceFor(failure.code)],
    ['', `${decisionCommand(serial)}, or in the Temporal web UI`],
  ];
}

function testSection(context: CliContext, test: RecordTest): string {
  const head = section('Final test', [
    ['Verdict', `${test.verdict ?? '?'}, plan ${test.plan ?? '?'}, attempt ${test.attempt ?? '?'}`],
    ['At', `${test.at}${test.station ? ` on ${test.station}` : ''}`],
  ]);
  return `${head}\n${indent(tableText(context, test.results, resultColumns))}`;
}

const resultColumns: readonly Column<TestResult>[] = [
  { name: 'name', heading: 'Measurement', kind: 'text', value: ({ name }) => name },
  { name: 'value', heading: 'Value', kind: 'number', value: ({ value }) => value },
  { name: 'unit', heading: 'Unit', kind: 'text', value: ({ unit }) => unit },
  { name: 'low', heading: 'Low', kind: 'number', value: ({ low }) => low },
  { name: 'high', heading: 'High', kind: 'number', value: ({ high }) => high },
  { name: 'verdict', heading: 'Verdict', kind: 'text', value: ({ verdict }) => verdict },
];

function labelLines(label: RecordLabel): Line[] {
  return [
    ['Place', `${label.place}, ${label.symbology} on ${label.material}, print ${label.print}`],
    ['Content', label.content],
    ['Printed', label.printedAt],
    ['Verified', label.verifiedAt ?? 'not yet'],
  ];
}

function shipmentLines({ record, unit }: UnitDetails): Line[] {
  const shipment = record.shipment!;
  return [
    ['Shipment', shipment.id],
    ['Shipped', unit.state === 'Shipped' ? shipment.at : 'not yet, packed'],
    ['Carton', shipment.carton],
    ['To', `${shipment.buyer}, ${shipment.destination}`],
  ];
}

export function termLines({ terms }: LastingDetails): Line[] {
  const { warrantyMonths, warrantyUntil, supportEnds, lastPlaced } = terms;
  const until = warrantyUntil ? `until ${warrantyUntil}` : 'from its shipping on';
  return [
    ['Warranty', warrantyMonths === 0 ? 'none' : `${warrantyMonths} months, ${until}`],
    ['Support', `security updates until ${supportEnds}`],
    ['Last placed', lastPlaced && `the last unit of this product so far shipped on ${lastPlaced}`],
  ];
}

/** What the device says, beside what was shipped. */
export function fieldLines(unit: UnitRow): Line[] {
  const digest = unit.reportedSha256 ? `, ${sha(unit.reportedSha256)}` : '';
  return [
    ['Runs', `${unit.reportedFirmware}${digest}${differs(unit) ? `, shipped with ${unit.firmware}` : ''}`],
    ['Reported', `${unit.reportedAt!.toISOString()} by ${unit.reportedBy}`],
  ];
}

function recordLines({ record, sealed, log }: UnitDetails, { from, proof }: ReadFrom): Line[] {
  return [
    ['Sealed', sealed ? `${sealed.sealedAt.toISOString()}, ${sha(sealed.sha256)}` : 'not yet'],
    ['History', `${record.history.events} events, head ${record.history.head}`],
    ['From', from],
    ...logLines(log, proof),
  ];
}

/** Where the log has the record, as the database says, unless that was proven: a proof that holds says the same. */
export function logLines(log: LastingDetails['log'], { verdict, origin }: RecordProof): Line[] {
  return [
    ['Log', verdict?.verdict === 'holds' ? null : logText(log)],
    ['Proof', verdict && proofText(verdict, origin)],
  ];
}

export function logText(log: LastingDetails['log']): string | null {
  if (log === null) return null;
  if (log.refusedAt !== null)
    return `NO PLACE in it since ${log.refusedAt.toISOString()}: the record is not what was sealed (\`unitrail log show\`)`;
  if (log.index === null || log.checkpoint === null) return 'waits for the next checkpoint';
  return `leaf ${log.index} of checkpoint ${log.checkpoint.size} of ${log.checkpoint.origin}`;
}

/** What the record does not say: it was sealed before. */
export function amendmentLines({ amendments }: LastingDetails): Line[] {
  return amendments.map(({ at, type, body }) => [at.toISOString().slice(0, 10), summariseEvent(type, body)]);
}

/** A line of what is not there is left out. */
export function section(title: string, lines: readonly Line[]): string {
  const shown = lines.filter(([, text]) => text !== null);
  return [
    title,
    ...shown.map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)} ${plainText(text ?? '', 1_000)}`),
  ].join('\n');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}

export function sha(sha256: string | null): string | null {
  return sha256 === null ? null : `sha256 ${sha256}`;
}
