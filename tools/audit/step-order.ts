import type { Step } from '../../domain/unit-lifecycle';
import { attemptOf } from './fold';
import { namedIdentifier, openHolds, type FoldedUnit } from './folded-unit';
import { eventKinds, transitionFrom } from './lifecycle-tables';
import { factsOf, listFact, numberFact, textFact, type ReadEvent } from './stored-event';

export interface Broken {
  readonly found: string;
  readonly expected: string;
}

/** A4. What an event breaks, judged from where the unit stood before it. */
export function brokenRules(unit: FoldedUnit, event: ReadEvent): Broken[] {
  const broken = [
    transitionRule(unit, event),
    tryRule(unit, event),
    holdRule(unit, event),
    rules[event.type]?.(unit, event),
  ];
  return broken.filter((one): one is Broken => one !== null && one !== undefined);
}

type Rule = (unit: FoldedUnit, event: ReadEvent) => Broken | null;

const rules: Record<string, Rule> = {
  boardBound: ({ row }, { facts }) =>
    row.chipUid === null || row.chipUid === facts.chipUid
      ? null
      : broken(`chip ${facts.chipUid}`, `its own chip ${row.chipUid}`),
  flashed: flashRule,
  testPassed: testRule,
  provisioned: ({ row }, { facts }) =>
    row.certificateSha256 !== null && facts.certificateSha256 === row.certificateSha256
      ? null
      : broken(
          `certificate ${facts.certificateSha256}`,
          `the certificate that was issued to it, ${row.certificateSha256}`,
        ),
  labelIntended: labelRule,
  printIntended: (unit, event) => labelRule(unit) ?? printRule(unit, event),
  printAbsent: (unit, event) => (isLostLabel(unit, event) ? null : openPrintRule(unit, event)),
  printFound: openPrintRule,
  printed: ({ row }, { facts }) =>
    facts.print !== null && (facts.print === row.openPrint || facts.print === row.labelPrint)
      ? null
      : broken(
          `print ${facts.print}`,
          `the open print ${row.openPrint} or the one on the unit, ${row.labelPrint}`,
        ),
  labelVerified: ({ row }, { facts }) =>
    row.openPrint === null && row.labelPrint !== null && facts.print === row.labelPrint
      ? null
      : broken(
          `print ${facts.print} while ${row.openPrint} is open`,
          `the print on the unit, ${row.labelPrint}, and none open`,
        ),
  qualityPassed: qualityRule,
  packed: shipRule,
  shipped: shipRule,
  reworked: reworkRule,
  identified: identifiedRule,
  identifierWithdrawn: withdrawnRule,
};

function transitionRule({ row }: FoldedUnit, event: ReadEvent): Broken | null {
  if (transitionFrom(row.state, row.step as Step, event.type)) return null;
  return broken(`${event.type} in state ${row.state} at step ${row.step}`, 'an event that is allowed there');
}

/** Facts that a try brings, beside its result. */
const factsOfTry = new Set(['testFailed', 'testErred', 'boardBound', 'printIntended']);

/** Attempts and tries are counted; the newest try fences the older ones. */
function tryRule(unit: FoldedUnit, event: ReadEvent): Broken | null {
  const kind = eventKinds.get(event.type);
  if (!kind?.part) return null;
  const attempt = attemptOf(unit, kind.part);
  const tries = unit.tries.get(`${kind.part}/${attempt}`)?.length ?? 0;
  if (kind.nature === 'intent') {
    const key = `${unit.id}/${kind.part}/${attempt}/${tries + 1}`;
    return event.key === key ? null : broken(`try ${event.key}`, key);
  }
  const ofTry = factsOfTry.has(event.type) || (kind.nature === 'result' && event.type !== 'printFound');
  if (!ofTry) return null;
  const found = `attempt ${numberFact(event.facts, 'attempt')}, try ${numberFact(event.facts, 'try')}`;
  const newest = `attempt ${attempt}, try ${tries}`;
  return found === newest && tries > 0
    ? null
    : broken(found, tries > 0 ? `the newest, ${newest}` : 'an intent before it');
}

/** On a quality hold nothing new begins. (Shipping on a hold is A10.) */
function holdRule(unit: FoldedUnit, event: ReadEvent): Broken | null {
  if (eventKinds.get(event.type)?.nature !== 'intent' && event.type !== 'packed') return null;
  const open = openHolds(unit);
  return open.length === 0
    ? null
    : broken(`${event.type} on quality hold ${open[0]}`, 'no new intent and no packing on a hold');
}

function flashRule({ row }: FoldedUnit, { facts }: ReadEvent): Broken | null {
  if (row.chipUid === null) return broken('flashed without a board', 'a board that is bound before');
  if (textFact(facts, 'firmwareSha256') === row.firmwareSha256) return null;
  return broken(`firmware ${facts.firmwareSha256}`, `the pinned firmware ${row.firmwareSha256}`);
}

function testRule({ row }: FoldedUnit, { facts }: ReadEvent): Broken | null {
  const failed = listFact(facts, 'results')
    .map((result) => factsOf(result))
    .find((result) => result.verdict !== 'PASS');
  if (facts.verdict !== 'PASS' || failed)
    return broken(
      `${failed?.name ?? 'verdict'}: ${failed?.verdict ?? facts.verdict}`,
      'PASS, as the event says',
    );
  if (row.flashedSha256 !== null && facts.firmwareSha256 === row.flashedSha256) return null;
  return broken(
    `a test of firmware ${facts.firmwareSha256}`,
    `a test of the firmware that is in the unit, ${row.flashedSha256}`,
  );
}

function labelRule(unit: FoldedUnit): Broken | null {
  const { flashedSeq, testedSeq, provisionedSeq, flashedSha256 } = unit.row;
  const tested = isNewer(testedSeq, [flashedSeq]) && unit.testedSha256 === flashedSha256;
  if (flashedSeq !== null && tested && isNewer(provisionedSeq, [flashedSeq])) return null;
  return broken(
    `flashed at ${flashedSeq}, test passed at ${testedSeq}, provisioned at ${provisionedSeq}`,
    'no label before a passed test of the firmware that is in the unit, and its certificate',
  );
}

function printRule({ row }: FoldedUnit, { facts }: ReadEvent): Broken | null {
  if (row.openPrint === null && facts.print === row.prints + 1) return null;
  return broken(
    `print ${facts.print} while ${row.openPrint ?? 'none'} is open`,
    `print ${row.prints + 1}, and none open`,
  );
}

/** A person's word that a label which was known to be made, and was not scanned since, is gone. */
function isLostLabel({ row }: FoldedUnit, { facts }: ReadEvent): boolean {
  const unscanned = row.openPrint === null && row.labelPrint !== null && row.labelSeq === null;
  return unscanned && facts.print === row.labelPrint && textFact(facts, 'by') !== null;
}

function openPrintRule({ row }: FoldedUnit, { facts }: ReadEvent): Broken | null {
  return row.openPrint !== null && facts.print === row.openPrint
    ? null
    : broken(`print ${facts.print}`, `the open print, ${row.openPrint}`);
}

function qualityRule({ row }: FoldedUnit): Broken | null {
  if (isNewer(row.labelSeq, [row.flashedSeq, row.testedSeq, row.provisionedSeq, row.reworkSeq])) return null;
  return broken(
    `label verified at ${row.labelSeq}`,
    'a label verified after every flash, test, provisioning and rework',
  );
}

function shipRule({ row }: FoldedUnit): Broken | null {
  if (isNewer(row.qcSeq, [row.flashedSeq, row.testedSeq, row.provisionedSeq, row.labelSeq, row.reworkSeq]))
    return null;
  return broken(
    `QC passed at ${row.qcSeq}`,
    'a QC newer than every flash, test, provisioning, label and rework',
  );
}

const secondaryKinds: readonly unknown[] = ['imei', 'asset', 'certificate-serial'];
const MOST_OF_A_KIND = 8;

function identifiedRule(unit: FoldedUnit, { facts }: ReadEvent): Broken | null {
  const others = [...unit.identifiers.values()].filter(
    ({ kind, state }) => kind === facts.kind && state !== 'void',
  );
  if (!secondaryKinds.includes(facts.kind))
    return broken(`kind ${String(facts.kind)}`, `one of ${secondaryKinds.join(', ')}`);
  return others.length < MOST_OF_A_KIND
    ? null
    : broken(`${others.length + 1} of kind ${String(facts.kind)}`, `at most ${MOST_OF_A_KIND}`);
}

function withdrawnRule(unit: FoldedUnit, { facts }: ReadEvent): Broken | null {
  const state = namedIdentifier(unit, facts)?.state ?? 'not on record';
  return state === 'applied' && secondaryKinds.includes(facts.kind)
    ? null
    : broken(
        `${String(facts.kind)} ${String(facts.value)} is ${state}`,
        'a further identifier that the unit has',
      );
}

const stepsOfRework = ['flash', 'test', 'provision', 'label', 'qc', 'ship'];

function reworkRule({ row }: FoldedUnit, { facts }: ReadEvent): Broken | null {
  const to = stepsOfRework.indexOf(String(facts.step));
  return to >= 0 && to <= stepsOfRework.indexOf(row.step)
    ? null
    : broken(`rework from ${facts.step}`, `a step from flash to ${row.step}`);
}

/** "Newer" means a higher seq; what never happened is older than everything. */
function isNewer(seq: number | null, than: readonly (number | null)[]): boolean {
  return seq !== null && than.every((other) => other === null || seq > other);
}

function broken(found: string, expected: string): Broken {
  return { found, expected };
}
