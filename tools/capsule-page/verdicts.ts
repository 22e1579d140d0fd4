import type { CapsuleSeal, FoundUnit, ProvenDocument } from '../../adapters/capsule-reader/capsule';

export type Mark = 'good' | 'warn' | 'bad';

/** One thing that was looked at. */
export interface Check {
  readonly mark: Mark;
  readonly text: string;
}

export interface Verdict {
  readonly mark: Mark;
  readonly title: string;
  readonly checks: readonly Check[];
}

/** What may be believed of a unit, in one line and its reasons. */
export function verdictOf(unit: FoundUnit, seal: CapsuleSeal): Verdict {
  const said = unit.statements.map((one, at) => proofCheck(one, `What was said later (${at + 1})`));
  const checks = [
    ...(unit.record ? [proofCheck(unit.record, 'The record')] : []),
    ...said,
    logCheck(seal),
    manifestCheck(seal),
  ];
  const mark = worst(checks);
  return { mark, title: titleOf(mark, seal), checks };
}

function titleOf(mark: Mark, { manifest }: CapsuleSeal): string {
  if (mark === 'bad') return 'Do not rely on this: something was changed';
  if (mark === 'good') return 'Proof and signature hold: unchanged since it was sealed';
  return manifest.verdict === 'ownKey'
    ? 'Nothing is wrong in itself; whose key it is remains to be compared'
    : 'Not everything can be told from these files';
}

function worst(checks: readonly Check[]): Mark {
  const marks = checks.map(({ mark }) => mark);
  return marks.includes('bad') ? 'bad' : marks.includes('warn') ? 'warn' : 'good';
}

export function proofCheck({ proof }: ProvenDocument, what: string): Check {
  switch (proof.verdict) {
    case 'holds':
      return {
        mark: 'good',
        text: `${what} is in the log, byte for byte: leaf ${proof.index} of ${proof.size}.`,
      };
    case 'broken':
      return { mark: 'bad', text: `${what}: its proof does not hold: ${proof.why}.` };
    case 'missing':
      return { mark: 'warn', text: `${what}: no proof was looked at: ${proof.why}.` };
  }
}

export function logCheck({ log }: CapsuleSeal): Check {
  if (log.verdict === 'missing')
    return { mark: 'warn', text: `The log’s checkpoint can’t be judged: ${log.why}.` };
  if (log.verdict === 'bad') return { mark: 'bad', text: `The log’s checkpoint is wrong: ${log.why}.` };
  if (!log.named)
    return {
      mark: 'warn',
      text: `Whether ${log.origin} signed the checkpoint can’t be told: manifest.json is not here.`,
    };
  return {
    mark: 'good',
    text: `The checkpoint is the one that the manifest names, and signed by the log ${log.origin}.`,
  };
}

export function manifestCheck({ manifest }: CapsuleSeal): Check {
  switch (manifest.verdict) {
    case 'good':
      return {
        mark: 'good',
        text: `The manifest’s signature holds, by key ${manifest.keyId}, which you gave.`,
      };
    case 'ownKey':
      return {
        mark: 'warn',
        text: `The manifest’s signature holds, by key ${manifest.keyId}, which comes from the manifest itself. Whoever changed these files could have made that key: give the manufacturer’s own key to this page, or compare its number.`,
      };
    case 'missing':
      return { mark: 'warn', text: `No signature was looked at: ${manifest.why}.` };
    case 'unknownKey':
      return { mark: 'bad', text: `The manifest is not signed by your key: ${manifest.why}.` };
    case 'bad':
      return { mark: 'bad', text: `The manifest is wrong: ${manifest.why}.` };
  }
}
