import type { AdoptedReading } from '../adapters/postgres/adopted-units';
import { USUAL_FACTS } from '../domain/adopted-unit';
import { UnitrailError } from '../domain/errors';
import { plainText } from '../domain/plain-text';

const LABEL_WIDTH = 13;
const UNKNOWN = 'unknown';

/** The readings of the one unit that was meant. @throws UnitrailError INPUT_INVALID where they are of several */
export function readingsOfOne(id: string, readings: readonly AdoptedReading[]): readonly AdoptedReading[] {
  const names = [...new Set(readings.map(({ issuer, serial }) => `${issuer}:${serial}`))];
  if (names.length <= 1) return readings;
  throw new UnitrailError(
    'INPUT_INVALID',
    `${JSON.stringify(id)} names ${names.length} units; say which: ${names.join(', ')}.`,
    { units: names },
  );
}

/** The page of a unit that was made before Unitrail: what its file says, and what nobody knows. */
export function adoptedPage(readings: readonly AdoptedReading[]): string {
  const { serial, issuer } = readings[0]!;
  const isDisputed = readings.length > 1;
  const standing = isDisputed
    ? `adopted, not built here; disputed: ${readings.length} readings`
    : 'adopted, not built here';
  return [
    section('Who', [
      ['Serial', `${serial}  (issuer ${issuer})`],
      ['State', isDisputed ? standing : `${readings[0]!.state}; ${standing}`],
    ]),
    ...readings.map((reading, at) => readingSection(reading, isDisputed ? `Reading ${at + 1}` : 'What')),
  ].join('\n\n');
}

/** Below the page of a unit of ours whose serial was adopted as well. */
export function disputedSections(readings: readonly AdoptedReading[]): string {
  const title = 'Disputed: adopted, not built here, with the same serial';
  return readings.map((reading) => readingSection(reading, title)).join('\n\n');
}

export function adoptedJson(readings: readonly AdoptedReading[]): Record<string, unknown> {
  const { serial, issuer } = readings[0]!;
  const standing = { adopted: true, builtHere: false, disputed: readings.length > 1 };
  return { serial, issuer, ...standing, readings: readings.map(readingJson) };
}

/** What is not known is null. */
export function readingJson(reading: AdoptedReading): Record<string, unknown> {
  const { state, macs, chipUid, chipFamily, facts, source, row, adoptedBy, adoptedAt } = reading;
  const usual = Object.fromEntries(USUAL_FACTS.map((name) => [name, facts[name] ?? null]));
  return { state, macs, chipUid, chipFamily, ...usual, facts, source, row, adoptedBy, adoptedAt };
}

function readingSection({ state, macs, chipUid, chipFamily, facts, ...from }: AdoptedReading, title: string) {
  const others = Object.keys(facts).filter((name) => !USUAL_FACTS.some((usual) => usual === name));
  return section(title, [
    ['State', state],
    ...[...USUAL_FACTS, ...others].map((name): [string, string] => [name, facts[name] ?? UNKNOWN]),
    ['MAC', macs.join(', ') || UNKNOWN],
    ['Chip UID', chipUid === null ? UNKNOWN : `${chipUid}  (family ${chipFamily ?? UNKNOWN})`],
    ['Adopted', `by operator ${from.adoptedBy}, ${from.adoptedAt.toISOString()}`],
    ['From', `row ${from.row} of ${from.source}`],
  ]);
}

function section(title: string, lines: readonly [label: string, text: string][]): string {
  const shown = lines.map(
    ([label, text]) => `  ${plainText(label, 64).padEnd(LABEL_WIDTH)} ${plainText(text, 1_000)}`,
  );
  return [title, ...shown].join('\n');
}
