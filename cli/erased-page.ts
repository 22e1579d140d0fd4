import type { ArchivePlace } from '../adapters/postgres/located-unit';
import type { LastingDetails } from '../adapters/postgres/unit-details';
import { jsonRow } from '../domain/columns';
import { unitColumns } from '../domain/unit-columns';
import type { UnitRow } from '../domain/unit-row';
import {
  amendmentLines,
  fieldLines,
  logText,
  section,
  sha,
  termLines,
  whatLines,
  whoLines,
  type Line,
} from './unit-page';

/** The page of a unit whose capsule was erased: what stays for ever, and in words what is gone. */
export function erasedPage(details: LastingDetails, place: ArchivePlace): string {
  const { unit, amendments } = details;
  return [
    section('Who', whoLines(details, null)),
    section('What', whatLines(details)),
    section('Where it stands', [['State', unit.state]]),
    ...(unit.shipment === null ? [] : [section('Shipment', shipmentLines(unit))]),
    section('Promised', termLines(details)),
    ...(unit.reportedAt ? [section('In the field', fieldLines(unit))] : []),
    section('Record', recordLines(details, place)),
    ...(amendments.length > 0 ? [section('Since the move', amendmentLines(details))] : []),
  ].join('\n\n');
}

export function erasedJson(
  { unit, ...details }: LastingDetails,
  { capsule, erasedAt, lastSeq, head, recordSha256 }: ArchivePlace,
): Record<string, unknown> {
  return {
    ...{ ...jsonRow(unitColumns, unit), stateBeneath: unit.stateBeneath, ...details },
    ...{ from: fromText(capsule), record: null, proof: null },
    erased: { capsule, at: erasedAt, recordSha256, events: lastSeq, head },
  };
}

function fromText(capsule: string): string {
  return `archive ${capsule}, erased`;
}

function shipmentLines({ shipment, shippedAt, carton, buyer, destination }: UnitRow): Line[] {
  return [
    ['Shipment', shipment],
    ['Shipped', shippedAt?.toISOString() ?? null],
    ['Carton', carton],
    ['To', [buyer, destination].filter(Boolean).join(', ') || null],
  ];
}

const copyAtBuyer = ' A copy of the capsule at the buyer’s was not touched.';

function recordLines({ unit, log }: LastingDetails, place: ArchivePlace): Line[] {
  const { capsule, erasedAt, lastSeq, head, recordSha256 } = place;
  const gone = `${recordSha256 === null ? '' : 'the record and '}the history up to event ${lastSeq}`;
  return [
    ['Sealed', sha(recordSha256)],
    ['History', `${lastSeq} events, head ${head}`],
    ['From', fromText(capsule)],
    ['Gone', `${gone}, erased on ${erasedAt!.toISOString().slice(0, 10)}, at the end of the archive`],
    ['', `What this page shows stays for ever.${unit.buyer === null ? '' : copyAtBuyer}`],
    ['Log', logText(log)],
  ];
}
