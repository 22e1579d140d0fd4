import { summariseEvent } from './event-summary';
import { plainText } from './plain-text';
import type { RecordLabel, RecordV1 } from './record-document';
import { firmwareDiffers, type UnitRow } from './unit-row';
import type { UnitTerms } from './unit-terms';

/** What an auditor is handed of one unit: sections of facts and tables, in the order in which they are read. */
export interface Dossier {
  readonly title: string;
  readonly subtitle: string;
  /** In words, under the title: from where it was read, and when. */
  readonly origin: string;
  readonly sections: readonly DossierSection[];
}

export interface DossierSection {
  readonly title: string;
  readonly facts?: readonly Fact[];
  readonly table?: DossierTable;
  /** Its picture is made from it again: it has to be what was printed. */
  readonly labels?: readonly PrintedLabel[];
  readonly note?: string;
}

export type Fact = readonly [name: string, text: string];

export interface DossierTable {
  readonly headings: readonly string[];
  /** Shares of the width. */
  readonly widths: readonly number[];
  readonly rows: readonly (readonly string[])[];
}

export interface PrintedLabel {
  readonly label: RecordLabel;
  readonly facts: readonly Fact[];
}

export interface DossierFacts {
  readonly unit: UnitRow;
  readonly record: RecordV1;
  readonly sealed: { readonly sha256: string; readonly sealedAt: Date } | null;
  readonly terms: UnitTerms;
  readonly amendments: readonly { readonly at: Date; readonly type: string; readonly body: Body }[];
  readonly history: readonly DossierEvent[];
  /** In words: `database`, `archive acme-EUDV-2026-11-1`. */
  readonly from: string;
  /** In words, where the log has the record, and whether that was proven. */
  readonly proof: readonly MaybeFact[];
  readonly at: Date;
}

type Body = Readonly<Record<string, unknown>>;

export interface DossierEvent {
  readonly seq: number;
  readonly at: Date;
  readonly summary: string;
  readonly login: string;
}

const MAX_TEXT = 600;

export function dossierOf(facts: DossierFacts): Dossier {
  const { unit, record, from, at } = facts;
  return {
    title: `Unit ${unit.serial}`,
    subtitle: `${unit.product}, GTIN ${record.gtin}, issuer ${unit.issuer}`,
    origin: `Read from: ${from}, on ${at.toISOString()}`,
    sections: [
      { title: 'Who the unit is', facts: shown(whoFacts(unit)) },
      { title: 'Where it went', facts: shown(whereFacts(facts)) },
      componentSection(unit, record),
      { title: 'Firmware', facts: shown(firmwareFacts(unit, record)) },
      ...testSections(record),
      ...labelSections(record.labels),
      ...qualitySections(record),
      sealSection(facts),
      ...amendmentSections(facts),
      historySection(facts),
    ],
  };
}

type MaybeFact = readonly [name: string, text: string | null | undefined];

/** A line of what is not there is left out. */
function shown(facts: readonly MaybeFact[]): Fact[] {
  return facts.flatMap(([name, text]): Fact[] => (text ? [[name, plainText(text, MAX_TEXT)]] : []));
}

function whoFacts(unit: UnitRow): MaybeFact[] {
  return [
    ['Serial', unit.serial],
    ['MAC addresses', unit.macs.join(', ')],
    ['Chip UID', unit.chipUid],
    ['Certificate’s SHA-256', unit.certificateSha256],
    ['Unit id', unit.unitId],
    ['State', unit.state],
    ['Kind', unit.simulated ? 'simulated: built on virtual equipment, for test buyers only' : null],
  ];
}

function whereFacts({ unit, terms }: DossierFacts): MaybeFact[] {
  const { warrantyMonths, warrantyUntil, supportEnds, lastPlaced } = terms;
  const until = warrantyUntil ? `, until ${warrantyUntil}` : '';
  return [
    ['Buyer', unit.buyer],
    ['Country', unit.destination],
    ['Shipment', unit.shipment && `${unit.shipment}, carton ${unit.carton}`],
    ['Shipped', unit.shippedAt?.toISOString() ?? 'not yet'],
    ['Order', `${unit.order}, batch ${unit.batch}, no. ${unit.batchIndex}`],
    ['Warranty', warrantyMonths === 0 ? 'none' : `${warrantyMonths} months${until}`],
    ['Security updates', `until ${supportEnds}`],
    ['Last of its product', lastPlaced && `placed on the market on ${lastPlaced}, so far`],
  ];
}

function componentSection({ components }: UnitRow, record: RecordV1): DossierSection {
  const board =
    record.boardLot === null ? 'none bound' : `batch ${record.boardBatch}, lot ${record.boardLot}`;
  return {
    title: 'Components and lots',
    facts: shown([
      ['Board', board],
      ['Buyer’s part', record.buyerPart],
      ...Object.entries(record.attributes).map(([name, value]): MaybeFact => [name, value]),
    ]),
    table: {
      headings: ['Position', 'Lots'],
      widths: [1, 4],
      rows: components.map(({ position, lots }) => [position, lots.join(', ')]),
    },
  };
}

function firmwareFacts(unit: UnitRow, { firmware }: RecordV1): MaybeFact[] {
  return [
    ['Shipped with', firmware?.version ?? unit.firmware],
    ['SHA-256', firmware?.sha256 ?? unit.flashedSha256],
    ['Reported', unit.reportedFirmware],
    ['Its SHA-256', unit.reportedSha256],
    ['Reported on', unit.reportedAt && `${unit.reportedAt.toISOString()}, by ${unit.reportedBy}`],
    ['Note', firmwareDiffers(unit) ? 'the device reports something else than was shipped in it' : null],
  ];
}

function testSections({ test }: RecordV1): DossierSection[] {
  if (test === null) return [];
  return [
    {
      title: 'Final test',
      facts: shown([
        ['Verdict', `${test.verdict ?? '?'}, plan ${test.plan ?? '?'}, attempt ${test.attempt ?? '?'}`],
        ['At', `${test.at}${test.station ? `, station ${test.station}` : ''}`],
        ['Plan’s SHA-256', test.planSha256],
      ]),
      table: {
        headings: ['Measurement', 'Value', 'Low', 'High', 'Unit', 'Verdict'],
        widths: [3, 2, 2, 2, 1.4, 1.6],
        rows: test.results.map(({ name, value, low, high, unit, verdict }) =>
          [name, value ?? 'not measured', low, high, unit, verdict].map((cell) =>
            plainText(String(cell ?? ''), 80),
          ),
        ),
      },
    },
  ];
}

function labelSections(labels: readonly RecordLabel[]): DossierSection[] {
  if (labels.length === 0) return [];
  const told = labels.map((label) => ({
    label,
    facts: shown([
      ['Place', `${label.place}, on ${label.material}`],
      ['Symbol', `${label.symbology}, print ${label.print}`],
      ['Content', label.content?.replaceAll('\u001d', ' <GS> ')],
      ['Printed', label.printedAt],
      ['Verified by scan', label.verifiedAt],
    ]),
  }));
  return [{ title: 'Label', labels: told }];
}

function qualitySections({ qc, provisioning }: RecordV1): DossierSection[] {
  const facts = shown([
    ['Certificate', provisioning && `${provisioning.at}, issued by ${provisioning.issuer}`],
    ['Final QC passed', qc && `${qc.at}${qc.by ? `, ${qc.by}` : ''}`],
    ['Statement’s SHA-256', qc?.statementSha256],
  ]);
  return facts.length === 0 ? [] : [{ title: 'Provisioning and final QC', facts }];
}

function sealSection({ sealed, record, proof }: DossierFacts): DossierSection {
  return {
    title: 'Seal and proof',
    facts: shown([
      ['Sealed', sealed ? sealed.sealedAt.toISOString() : 'not yet: this is a draft'],
      ['Record’s SHA-256', sealed?.sha256],
      ['History', `${record.history.events} events, of which the last has this hash:`],
      ['Head', record.history.head],
      ...proof,
    ]),
    note: sealed
      ? 'The record is one line of RFC 8785 JSON; the SHA-256 of its bytes is the digest above. This document is a reading of it, and proves nothing by itself.'
      : 'The unit has not shipped. Nothing of this is sealed.',
  };
}

function amendmentSections({ amendments }: DossierFacts): DossierSection[] {
  if (amendments.length === 0) return [];
  const rows = amendments.map(({ at, type, body }) => [at.toISOString(), summariseEvent(type, body)]);
  return [
    {
      title: 'Since the sealing',
      table: { headings: ['At (UTC)', 'What was said'], widths: [2.5, 8.5], rows },
    },
  ];
}

function historySection({ history }: DossierFacts): DossierSection {
  return {
    title: 'History',
    table: {
      headings: ['No.', 'At (UTC)', 'What happened', 'Login'],
      widths: [0.6, 2.5, 5.4, 2.5],
      rows: history.map(({ seq, at, summary, login }) => [
        String(seq),
        at.toISOString(),
        plainText(summary, MAX_TEXT),
        login,
      ]),
    },
  };
}
