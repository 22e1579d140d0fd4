/**
 * The life of a unit as data: the same tables as migrations/0006-lifecycle-tables.sql and later ones, which the database
 * enforces. test/integration/lifecycle-tables.test.ts proves the two equal. docs/lifecycle.md tells it in words.
 */
export const steps = ['assign', 'flash', 'test', 'provision', 'label', 'qc', 'ship'] as const;
export type Step = (typeof steps)[number];

export const unitStates = [
  'InProgress',
  'AwaitingEngineer',
  'ReadyToShip',
  'Packed',
  'Shipped',
  'Scrapped',
  'Missing',
  'Void',
] as const;
export type UnitState = (typeof unitStates)[number];

/** States from which a unit never moves again. (A missing unit can be found.) */
export const endStates: readonly UnitState[] = ['Shipped', 'Scrapped', 'Void'];

/** States of a unit that no workflow waits for: the end, or nobody knows where it is. */
export const departedStates: readonly UnitState[] = [...endStates, 'Missing'];

/** Where a unit stands: what every activity hands back, and what the workflow goes on from. */
export interface Standing {
  readonly unitId: string;
  readonly serial: string;
  readonly state: UnitState;
  readonly step: Step;
  readonly attempt: number;
  /** The unit's newest event: of two answers the one with the higher `seq` is the newer. */
  readonly seq: number;
}

/** The standing alone of something that says more. */
export function standingOf({ unitId, serial, state, step, attempt, seq }: Standing): Standing {
  return { unitId, serial, state, step, attempt, seq };
}

export function stepNumber(step: Step): number {
  return steps.indexOf(step) + 1;
}

export interface Transition {
  readonly type: string;
  readonly fromState: UnitState | 'None';
  /** Null: from any step. */
  readonly fromStep: Step | null;
  readonly toState: UnitState;
  /** Null: the step stays. '*': the event's body names it. */
  readonly toStep: Step | '*' | null;
  readonly opensAttempt: boolean;
}

type Row = [type: string, from: string, to: string, opensAttempt?: 'opens'];

/** `State/step`; no step on the left means any, none on the right means the same. */
const along: Row[] = [
  ['claimed', 'None', 'InProgress/assign', 'opens'],
  ['assigned', 'InProgress/assign', 'InProgress/flash', 'opens'],
  ['flashIntended', 'InProgress/flash', 'InProgress'],
  ['boardBound', 'InProgress/flash', 'InProgress'],
  ['flashed', 'InProgress/flash', 'InProgress/test', 'opens'],
  ['testIntended', 'InProgress/test', 'InProgress'],
  ['testPassed', 'InProgress/test', 'InProgress/provision', 'opens'],
  ['testFailed', 'InProgress/test', 'InProgress'],
  ['testErred', 'InProgress/test', 'InProgress'],
  ['requestIntended', 'InProgress/provision', 'InProgress'],
  ['requestRead', 'InProgress/provision', 'InProgress'],
  ['certificateIntended', 'InProgress/provision', 'InProgress'],
  ['certificateIssued', 'InProgress/provision', 'InProgress'],
  ['installIntended', 'InProgress/provision', 'InProgress'],
  ['provisioned', 'InProgress/provision', 'InProgress/label', 'opens'],
  ['labelIntended', 'InProgress/label', 'InProgress'],
  ['printIntended', 'InProgress/label', 'InProgress'],
  ['printAbsent', 'InProgress/label', 'InProgress'],
  ['printed', 'InProgress/label', 'InProgress'],
  ['printFound', 'InProgress/label', 'InProgress'],
  ['verifyIntended', 'InProgress/label', 'InProgress'],
  ['labelVerified', 'InProgress/label', 'InProgress/qc', 'opens'],
  ['qualityIntended', 'InProgress/qc', 'InProgress'],
  ['qualityPassed', 'InProgress/qc', 'ReadyToShip/ship', 'opens'],
  ['packed', 'ReadyToShip/ship', 'Packed'],
  ['unpacked', 'Packed/ship', 'ReadyToShip'],
  ['shipped', 'Packed/ship', 'Shipped'],
];

const aside: Row[] = [
  ['stepFailed', 'InProgress', 'InProgress'],
  ...each(['InProgress', 'ReadyToShip', 'Packed'], (s): Row => ['held', s, 'AwaitingEngineer']),
  ['retried', 'AwaitingEngineer', 'InProgress', 'opens'],
  ['retried', 'AwaitingEngineer/ship', 'ReadyToShip', 'opens'],
  ...each(['AwaitingEngineer', 'ReadyToShip', 'Packed'], (s): Row => [
    'reworked',
    s,
    'InProgress/*',
    'opens',
  ]),
  ...each(['InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed', 'Missing'], (s): Row => [
    'scrapped',
    s,
    'Scrapped',
  ]),
  ...each(['InProgress', 'AwaitingEngineer'], (s): Row => ['voided', `${s}/assign`, 'Void']),
  ...each(['InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed'], (s): Row => ['missing', s, 'Missing']),
  ['found', 'Missing', 'AwaitingEngineer'],
];

/** A quality hold opens and closes in every state that is not the end, and moves nothing. */
const holds: Row[] = each(['holdOpened', 'holdReleased'], (type) =>
  each(['InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed', 'Missing'], (s): Row => [type, s, s]),
).flat();

/** Results and failures of tries: facts wherever the unit is by then, recorded without moving it. */
const lateResults: Row[] = each(
  [
    'flashed',
    'testPassed',
    'testFailed',
    'testErred',
    'requestRead',
    'certificateIssued',
    'provisioned',
    'printed',
    'printAbsent',
    'printFound',
    'labelVerified',
    'qualityPassed',
    'stepFailed',
  ],
  (type) => each(['AwaitingEngineer', 'Scrapped', 'Missing'], (s): Row => [type, s, s]),
).flat();

/** A further identifier is recorded and withdrawn from the confirmed identity on until the unit leaves the house; nothing moves. */
const identifications: Row[] = each(['identified', 'identifierWithdrawn'], (type) => [
  ...each(['flash', 'test', 'provision', 'label', 'qc'], (step): Row => [
    type,
    `InProgress/${step}`,
    'InProgress',
  ]),
  ...each(['flash', 'test', 'provision', 'label', 'qc', 'ship'], (step): Row => [
    type,
    `AwaitingEngineer/${step}`,
    'AwaitingEngineer',
  ]),
  ...each(['ReadyToShip', 'Packed'], (s): Row => [type, `${s}/ship`, s]),
]).flat();

/** After the end its history may still be added to: nothing moves, and nothing opens again. */
const amendments: Row[] = each(['recordCorrected', 'unitReturned'], (type): Row => [
  type,
  'Shipped',
  'Shipped',
]);

export const transitions: readonly Transition[] = [
  ...along,
  ...aside,
  ...holds,
  ...lateResults,
  ...identifications,
  ...amendments,
].map(toTransition);

export type TransitionAnswer =
  { ok: true; state: UnitState; step: Step; opensAttempt: boolean } | { ok: false; why: string };

/** Where an event takes a unit, or why it may not happen. `namedStep` is the step that a rework's body names. */
export function transition(
  from: { state: UnitState | 'None'; step: Step },
  type: string,
  namedStep?: Step,
): TransitionAnswer {
  const candidates = transitions.filter((t) => t.type === type && t.fromState === from.state);
  const t = candidates.find((c) => c.fromStep === from.step) ?? candidates.find((c) => c.fromStep === null);
  if (!t) return { ok: false, why: `${type} is not allowed in state ${from.state} at step ${from.step}` };
  const step = t.toStep === '*' ? namedStep : (t.toStep ?? from.step);
  if (!step) return { ok: false, why: `${type} has to name a step` };
  return { ok: true, state: t.toState, step, opensAttempt: t.opensAttempt };
}

function each<A, B>(list: readonly A[], make: (item: A) => B): B[] {
  return list.map(make);
}

function toTransition([type, from, to, opens]: Row): Transition {
  const [fromState, fromStep] = from.split('/');
  const [toState, toStep] = to.split('/');
  return {
    type,
    fromState: fromState as Transition['fromState'],
    fromStep: (fromStep ?? null) as Step | null,
    toState: toState as UnitState,
    toStep: (toStep ?? null) as Transition['toStep'],
    opensAttempt: opens === 'opens',
  };
}
