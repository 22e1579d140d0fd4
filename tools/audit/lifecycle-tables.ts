import { transitions, type Step, type Transition } from '../../domain/unit-lifecycle';
import { KEPT } from './retention-events';

/**
 * The auditor's own statement of what each event type is: written down here a second time on purpose, and compared
 * with the database's tables (A12). The transitions are the domain's.
 */
export type Nature = 'intent' | 'result' | 'other';

export interface EventKind {
  readonly type: string;
  readonly streamKind:
    | 'unit'
    | 'batch'
    | 'order'
    | 'shipment'
    | 'export'
    | 'retention'
    | 'list'
    | 'registry'
    | 'history'
    | 'lease'
    | 'recall'
    | 'field';
  readonly appender: 'office' | 'station' | 'both' | 'function';
  readonly nature: Nature;
  readonly part: string | null;
  /** Groups whose logins may stand in the header; none where it is the login that brings the schema up to date, whichever that is. */
  readonly groups: readonly string[];
}

const [OFFICE, STATION, DESK] = ['unitrail_office', 'unitrail_station', 'unitrail_desk'] as const;
const RETENTION = 'unitrail_retention';

const groupsOf: Record<EventKind['appender'], readonly string[]> = {
  office: [OFFICE],
  station: [STATION],
  both: [OFFICE, STATION],
  function: [OFFICE],
};

type Row = [type: string, appender: EventKind['appender'], nature?: Nature, part?: string];

const unitRows: Row[] = [
  ['claimed', 'function'],
  ['assigned', 'office'],
  ['flashIntended', 'station', 'intent', 'flash'],
  ['boardBound', 'station', 'other', 'flash'],
  ['flashed', 'station', 'result', 'flash'],
  ['testIntended', 'station', 'intent', 'test'],
  ['testPassed', 'station', 'result', 'test'],
  ['testFailed', 'station', 'other', 'test'],
  ['testErred', 'station', 'other', 'test'],
  ['requestIntended', 'station', 'intent', 'provision.request'],
  ['requestRead', 'station', 'result', 'provision.request'],
  ['certificateIntended', 'office', 'intent', 'provision.certificate'],
  ['certificateIssued', 'office', 'result', 'provision.certificate'],
  ['installIntended', 'station', 'intent', 'provision.install'],
  ['provisioned', 'station', 'result', 'provision.install'],
  ['labelIntended', 'station', 'intent', 'label.print'],
  ['printIntended', 'station', 'other', 'label.print'],
  ['printAbsent', 'both', 'other', 'label.print'],
  ['printed', 'station', 'result', 'label.print'],
  ['printFound', 'office', 'result', 'label.print'],
  ['verifyIntended', 'station', 'intent', 'label.verify'],
  ['labelVerified', 'station', 'result', 'label.verify'],
  ['qualityIntended', 'station', 'intent', 'qc'],
  ['qualityPassed', 'station', 'result', 'qc'],
  ['stepFailed', 'both'],
  ...['held', 'retried', 'reworked', 'scrapped', 'voided', 'missing', 'found'].map((type): Row => [
    type,
    'office',
  ]),
  ...['packed', 'unpacked'].map((type): Row => [type, 'office']),
  ['shipped', 'function'],
];

type OtherRow = [type: string, streamKind: EventKind['streamKind'], groups: readonly string[]];

const otherKinds: OtherRow[] = [
  ['orderOpened', 'order', [OFFICE]],
  ['orderQuantitySet', 'order', [DESK]],
  ['overproductionRefused', 'order', [OFFICE, STATION, DESK]],
  ['batchOpened', 'batch', [OFFICE]],
  ['lotsChanged', 'batch', [OFFICE, DESK]],
  ['numberVoided', 'batch', [OFFICE]],
  ['batchCompleted', 'batch', [OFFICE]],
  ...[
    ...['batchPaused', 'batchResumed', 'batchCancelled', 'batchToppedUp'],
    ...['windowSet', 'prioritySet', 'numbersReturned'],
  ].map((type): OtherRow => [type, 'batch', [OFFICE]]),
  ...[
    ...['shipmentOpened', 'shipmentChanged', 'shipmentEmptied', 'shipmentClosed', 'shipmentCancelled'],
    ...['cartonOpened', 'cartonPlaced', 'palletOpened'],
  ].map((type): OtherRow => [type, 'shipment', [OFFICE]]),
  ['numbersListed', 'list', [DESK]],
  ['registryAdvanced', 'registry', [DESK]],
  ['historyAdopted', 'history', [DESK]],
  ['fieldFirmwareReported', 'field', [DESK]],
  ['recallOpened', 'recall', [DESK]],
  ['recallCounted', 'recall', [DESK]],
  ['leaseGranted', 'lease', [DESK]],
  ['leaseAccepted', 'lease', [DESK]],
  ['leaseReturned', 'lease', [DESK]],
  ['leaseTakenBack', 'lease', [DESK]],
  ...['exportOpened', 'exportMade', 'exportDelivered'].map((type): OtherRow => [type, 'export', [OFFICE]]),
  ['exportLookPinned', 'export', [DESK]],
  ...[
    ...['retentionOpened', 'retentionEnded', 'moveBlocked'],
    ...['capsulePlanned', 'capsuleMade', 'capsuleDelivered', 'copyVerified', 'capsuleAbandoned'],
  ].map((type): OtherRow => [type, 'retention', [OFFICE]]),
  ...[...['capsuleMoved', 'capsuleErased', 'namesErased'], ...['contentsErased', 'contentsRemoved']].map(
    (type): OtherRow => [type, 'retention', [RETENTION]],
  ),
  ...['retentionApproved', 'legalHoldAdded', 'legalHoldReleased'].map((type): OtherRow => [
    type,
    'retention',
    [DESK],
  ]),
  ...['plantApplied', 'operatorsNamed', 'operatorsLeft', 'operatorsReturned'].map((type): OtherRow => [
    type,
    'retention',
    [OFFICE, DESK],
  ]),
  ...KEPT.map((type): OtherRow => [type, 'retention', []]),
];

/** What the desk records of a unit, by functions of its own. A hold is a matter of both. */
const desksKinds: EventKind[] = [
  { ...unitKind(['identified', 'function']), groups: [DESK] },
  { ...unitKind(['identifierWithdrawn', 'function']), groups: [DESK] },
  { ...unitKind(['recordCorrected', 'function']), groups: [DESK] },
  { ...unitKind(['unitReturned', 'function']), groups: [DESK] },
  { ...unitKind(['holdOpened', 'office']), groups: [OFFICE, DESK] },
  { ...unitKind(['holdReleased', 'office']), groups: [OFFICE, DESK] },
];

export const eventKinds: ReadonlyMap<string, EventKind> = new Map(
  [...unitRows.map(unitKind), ...desksKinds, ...otherKinds.map(otherKind)].map((kind) => [kind.type, kind]),
);

/** What an event does to the state of the identifiers that its unit has. */
export const identifierEffects: readonly { type: string; from: string; to: string }[] = [
  { type: 'boardBound', from: 'assigned', to: 'applied' },
  { type: 'shipped', from: 'applied', to: 'shipped' },
  { type: 'scrapped', from: 'assigned', to: 'scrapped' },
  { type: 'scrapped', from: 'applied', to: 'scrapped' },
  { type: 'scrapped', from: 'missing', to: 'scrapped' },
  { type: 'missing', from: 'assigned', to: 'missing' },
  { type: 'missing', from: 'applied', to: 'missing' },
  { type: 'found', from: 'missing', to: 'applied' },
  { type: 'voided', from: 'assigned', to: 'void' },
];

const effects = new Map(identifierEffects.map(({ type, from, to }) => [`${type} ${from}`, to]));
const typesWithEffect = new Set(identifierEffects.map((effect) => effect.type));

/** The state that the event gives to an identifier, or null where it stays. */
export function identifierEffect(type: string, from: string): string | null {
  return effects.get(`${type} ${from}`) ?? null;
}

export function hasIdentifierEffect(type: string): boolean {
  return typesWithEffect.has(type);
}

const transitionsFrom = new Map<string, Transition[]>();
for (const one of transitions) {
  const key = `${one.type} ${one.fromState}`;
  transitionsFrom.set(key, [...(transitionsFrom.get(key) ?? []), one]);
}

/** The row of the table that allows this event from here: one that names the step counts before one that does not. */
export function transitionFrom(state: string, step: Step, type: string): Transition | undefined {
  const candidates = transitionsFrom.get(`${type} ${state}`);
  return candidates?.find((one) => one.fromStep === step) ?? candidates?.find((one) => one.fromStep === null);
}

function unitKind([type, appender, nature = 'other', part]: Row): EventKind {
  return { type, streamKind: 'unit', appender, nature, part: part ?? null, groups: groupsOf[appender] };
}

function otherKind([type, streamKind, groups]: (typeof otherKinds)[number]): EventKind {
  return { type, streamKind, appender: 'function', nature: 'other', part: null, groups };
}
