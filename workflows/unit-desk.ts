import {
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
  type CancellationScope,
} from '@temporalio/workflow';
import type { DoneStep, UnitFacts } from '../domain/unit-facts';
import { departedStates, standingOf, stepNumber, type Standing } from '../domain/unit-lifecycle';
import { shownState } from '../domain/unit-row';
import type { OfficeActivities } from './activity-types';
import type { Failure } from './failure';
import { unitDetails } from './unit-details';
import type { Progress } from './unit-messages';

export interface UnitWorkflowInput {
  readonly unitId: string;
  readonly serial: string;
  readonly batch: string;
}

/** What the unit waits for, or does, and since when: what the page tells while nothing has failed. */
export interface Doing {
  readonly what: 'reads' | 'slot' | 'act' | 'hold' | 'shipment';
  readonly since: number;
}

type LoadedUnit = Awaited<ReturnType<OfficeActivities['loadUnit']>>;

/** What this run knows. The truth is the row: `standing` is what the last activity handed back of it. */
export interface Desk {
  readonly input: UnitWorkflowInput;
  /** Not before the row was read, nor while a hold is being written: then only the row can say what is allowed. */
  settled: boolean;
  standing: Standing;
  trial: boolean;
  facts: UnitFacts | null;
  done: DoneStep[];
  doing: Doing;
  failure: Failure | null;
  /** The open quality hold that it is known to be on, as `id: reason`. */
  hold: string | null;
  repeats: number;
  /** Where it was last. */
  station: string | null;
  /** The slot that the unit holds, while its station does the next step as well. */
  slot: Awaited<ReturnType<OfficeActivities['acquireSlot']>> | null;
  /** The row may have changed without this workflow: what it knows is not to be relied on. */
  unread: boolean;
  /** It takes a place in the window of its partition. */
  inWindow: boolean;
  /** The step under way, so that a cancel reaches its activities and nothing else. */
  act: CancellationScope | null;
  /** Somebody pressed Cancel: the unit is to be parked, or was. */
  cancel: 'none' | 'asked' | 'taken';
}

export function newDesk(input: UnitWorkflowInput): Desk {
  const { unitId, serial } = input;
  return {
    input,
    settled: false,
    standing: { unitId, serial, state: 'InProgress', step: 'assign', attempt: 1, seq: 0 },
    trial: false,
    facts: null,
    done: [],
    doing: { what: 'reads', since: Date.now() },
    failure: null,
    hold: null,
    repeats: 0,
    station: null,
    slot: null,
    unread: false,
    inWindow: true,
    act: null,
    cancel: 'none',
  };
}

/** Answers may overtake each other: an older one says nothing about where the unit stands now. */
export function moveTo(desk: Desk, standing: Standing): void {
  const before = desk.standing;
  if (standing.seq < before.seq) return;
  if (standing.step !== before.step || standing.attempt !== before.attempt) {
    if (standing.step !== before.step) noteDone(desk, before, standing);
    desk.repeats = 0;
    if (standing.state === 'InProgress') desk.failure = null;
  }
  desk.standing = standingOf(standing);
  show(desk);
}

/** A later step than before: the one before is done. An earlier one: a rework, and what follows it is void. */
function noteDone(desk: Desk, before: Standing, now: Standing): void {
  const voids = stepNumber(now.step) < stepNumber(before.step);
  if (voids) desk.done = desk.done.filter(({ step }) => stepNumber(step) < stepNumber(now.step));
  else if (!desk.done.some(({ step }) => step === before.step)) desk.done.push(doneNow(desk, before));
}

function doneNow({ station }: Desk, { step, attempt }: Standing): DoneStep {
  return {
    step,
    at: new Date(Date.now()).toISOString(),
    attempt,
    station: step === 'assign' ? null : station,
  };
}

/** What the page knows only from the database: read when a run begins, and when the unit is held. */
export function learn(desk: Desk, facts: UnitFacts | undefined): void {
  if (!facts) return;
  desk.facts = facts;
  desk.done = [...facts.done];
}

/** What changes without a failure. (An answer of before there were such leaves it as it is.) */
export function learnIdentity(desk: Desk, { chipUid, firmware }: Partial<LoadedUnit>): void {
  if (desk.facts && firmware !== undefined)
    desk.facts = { ...desk.facts, chipUid: chipUid ?? null, firmware };
}

export function now(desk: Desk, what: Doing['what']): void {
  desk.doing = { what, since: Date.now() };
  show(desk);
}

/** Lists of workflows show a hold as the database does. (A history of before there were holds says nothing of one.) */
export function noteHold(desk: Desk, hold: string | null | undefined): void {
  if (!hold && !desk.hold) return;
  const changes = !hold !== !desk.hold;
  desk.hold = hold ?? null;
  if (changes) publish(desk);
  show(desk);
}

export function show(desk: Desk): void {
  setCurrentDetails(unitDetails({ ...desk, batch: desk.input.batch, namespace: workflowInfo().namespace }));
}

/** So that the list of workflows tells where it stands. */
export function publish(desk: Desk): void {
  upsertSearchAttributes(attributesOf(desk));
}

/** A trial unit stays in the house: it is ready, and nothing ships it. */
export function isOver({ standing, trial }: Desk): boolean {
  return departedStates.includes(standing.state) || (trial && standing.state === 'ReadyToShip');
}

export function waitsForShipment({ standing }: Desk): boolean {
  return standing.state === 'ReadyToShip' || standing.state === 'Packed';
}

export function progressOf({ standing, done, failure, hold }: Desk): Progress {
  const { serial, state, step, attempt } = standing;
  return {
    ...{ serial, state, step, attempt, done: done.map((one) => one.step) },
    failure: failure && { code: failure.code, message: failure.message },
    hold,
  };
}

/** Kept below what Postgres visibility takes; a longer one would hide the workflow for ever. */
function attributesOf({ standing, failure, hold, station: stationId }: Desk) {
  const held = standing.state === 'AwaitingEngineer';
  return {
    UnitState: [shownState(standing.state, hold !== null)],
    UnitStep: [standing.step],
    FailureCode: held && failure ? [failure.code.slice(0, 64)] : [],
    StationId: held && stationId ? [stationId.slice(0, 64)] : [],
  };
}
