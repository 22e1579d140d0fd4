import type { CapsuleSeal, FoundUnit, ProvenDocument } from '../adapters/capsule-reader/capsule';
import { plainText } from '../domain/plain-text';
import type { RecordV1 } from '../domain/record-document';
import { proofText } from './proof-text';

/** One unit, and the capsule that it was found in. */
export interface Answer {
  readonly folder: string;
  readonly seal: CapsuleSeal;
  readonly unit: FoundUnit;
}

type Line = readonly [name: string, value: unknown];

/**
 * One unit for a person: what was sealed, what was said later, and what can be believed of it. The files are anybody's: what
 * a terminal would obey is shown instead.
 */
export function answerText({ folder, seal, unit }: Answer): string {
  const from = unit.from === null ? '' : `, from ${unit.from}`;
  const lines = [
    shown(`${unit.serial} (${unit.issuer})${from} in ${seal.capsule ?? folder}`),
    ...(unit.record
      ? recordLines(unit.record.facts as unknown as RecordV1)
      : ['  no record: it was never shipped']),
    ...unit.statements.flatMap(statementLines),
    ...(unit.record ? [named(['proof', proofText(unit.record.proof)])] : []),
    named(['log', logText(seal)]),
    named(['manifest', manifestText(seal)]),
  ];
  return lines.join('\n');
}

function recordLines(record: RecordV1): string[] {
  const { firmware, provisioning, test, qc, shipment } = record;
  const facts: Line[] = [
    ['product', `${record.product} (GTIN ${record.gtin})`],
    ['MACs', record.macs.join(', ')],
    ['chip UID', record.chipUid],
    ['batch', `${record.batch}, order ${record.order}`],
    ['board', `batch ${record.boardBatch}, lot ${record.boardLot}`],
    ...(record.components ?? []).map(({ position, lots }): Line => [`lots ${position}`, lots.join(', ')]),
    ['firmware', `${firmware?.version} (SHA-256 ${firmware?.sha256})`],
    ['certificate', `${provisioning?.certificateSha256}, by ${provisioning?.issuer}`],
    ['test', `${test?.verdict} by ${test?.plan} at ${test?.at}, attempt ${test?.attempt}`],
    ...(test?.results ?? []).map(({ name, value, unit, low, high, verdict }): Line => [
      `  ${name}`,
      `${value ?? '(not measured)'} ${unit} (${low ?? '…'} to ${high ?? '…'}): ${verdict}`,
    ]),
    ['QC', `${qc?.at}, by ${qc?.by}`],
    [
      'shipped',
      `${shipment?.at} to ${shipment?.buyer}, ${shipment?.destination}; ${shipment?.id}, carton ${shipment?.carton}`,
    ],
  ];
  return facts.map(named);
}

function statementLines(statement: ProvenDocument): string[] {
  const { header, body } = statement.facts as { header?: string; body?: unknown };
  const [, , , type, , , at] = (header ?? '').split('|');
  return [
    named([`later: ${type}`, `${at}, ${JSON.stringify(body)}`]),
    named(['  proof', proofText(statement.proof)]),
  ];
}

function logText({ log }: Answer['seal']): string {
  if (log.verdict === 'missing') return `can't be told: ${log.why}`;
  if (log.verdict === 'bad') return `WRONG: ${log.why}`;
  const by = log.named
    ? 'signed by it, and named by the manifest'
    : 'whose signature was not compared: no manifest is here';
  return `checkpoint of ${log.origin} at ${log.size}, ${by}`;
}

function manifestText({ manifest }: Answer['seal']): string {
  switch (manifest.verdict) {
    case 'good':
      return `signed by key ${manifest.keyId}, which is one of those given`;
    case 'ownKey':
      return `signed by key ${manifest.keyId}, which it names itself: compare that with the manufacturer's (--key)`;
    case 'missing':
      return `can't be told: ${manifest.why}`;
    case 'unknownKey':
    case 'bad':
      return `WRONG: ${manifest.why}`;
  }
}

function named([name, value]: Line): string {
  return shown(`  ${`${name}:`.padEnd(16)} ${String(value)}`);
}

const shown = (text: string): string => plainText(text, Infinity);
