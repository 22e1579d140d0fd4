import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  currentUpdateInfo,
  getExternalWorkflowHandle,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { afterFailure } from '../domain/after-failure';
import { decisionProblem, type Decision } from '../domain/decision';
import { departedStates, standingOf, type Standing, type Step } from '../domain/unit-lifecycle';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities, StationActivities } from './activity-types';
import { unitFinished, unitParked, unitResumed } from './batch-messages';
import { failureOf } from './failure';
import {
  betweenRepeatsMs,
  office as officeOptions,
  readAgainEvery,
  station as stationOptions,
  waiting,
} from './timeouts';
import { retryOf, reworkOf, scrapOf } from './unit-decisions';
import { unitDetails } from './unit-details';
import * as messages from './unit-messages';

export interface UnitWorkflowInput {
  readonly unitId: string;
  readonly serial: string;
  readonly batch: string;
}

const office = proxyActivities<OfficeActivities>({ ...officeOptions, taskQueue: taskQueues.office });
const line = proxyActivities<OfficeActivities>({ ...waiting, taskQueue: taskQueues.office });

/** What this run knows. The truth is the row: `standing` is what the last activity handed back of it. */
interface Desk {
  readonly input: UnitWorkflowInput;
  /** Not before the row was read, nor while a hold is being written: then only the row can say what is allowed. */
  settled: boolean;
  standing: Standing;
  trial: boolean;
  readonly done: Step[];
  failure: { code: string; message: string } | null;
  repeats: number;
  /** Where it was last. */
  station: string | null;
  /** The slot that the unit holds, while its station does the next step as well. */
  slot: Awaited<ReturnType<OfficeActivities['acquireSlot']>> | null;
  /** The row may have changed without this workflow: what it knows is not to be relied on. */
  unread: boolean;
  /** It takes a place in the window of its partition. */
  inWindow: boolean;
}

/** The life of a unit, as durable steps: docs/lifecycle.md tells it with the same numbers. */
export async function unit(input: UnitWorkflowInput): Promise<Standing> {
  const desk = await setUp(input);
  return run(desk);
}

async function setUp(input: UnitWorkflowInput): Promise<Desk> {
  const standing: Standing = {
    unitId: input.unitId,
    serial: input.serial,
    state: 'InProgress',
    step: 'assign',
    attempt: 1,
    seq: 0,
  };
  const desk: Desk = {
    input,
    settled: false,
    standing,
    trial: false,
    done: [],
    failure: null,
    repeats: 0,
    station: null,
    slot: null,
    unread: false,
    inWindow: true,
  };
  // Handlers stand before the first await: a message that arrives with the start finds them.
  listen(desk);
  const loaded = await office.loadUnit({ unitId: input.unitId });
  desk.trial = loaded.trial;
  desk.settled = true;
  moveTo(desk, loaded);
  if (loaded.failureCode)
    desk.failure = {
      code: loaded.failureCode,
      message: 'held before this run began; `unitrail unit show` has the whole history',
    };
  return desk;
}

async function run(desk: Desk): Promise<Standing> {
  do {
    while (!isOver(desk)) {
      if (desk.standing.state === 'AwaitingEngineer') await awaitDecision(desk);
      else if (desk.standing.step === 'ship') await awaitShipment(desk);
      else await takeStep(desk);
    }
    // So that the list of workflows tells how it ended.
    upsertSearchAttributes(attributesOf(desk));
    await report(desk, unitFinished);
    // A decision that came at the last moment (the rework of a trial unit that is ready) is not left behind.
    await condition(allHandlersFinished);
  } while (!isOver(desk));
  return desk.standing;
}

const story: Record<Exclude<Step, 'ship'>, (desk: Desk) => Promise<Standing>> = {
  // 1 The claimed serial is confirmed, the MAC addresses are added.
  assign: ({ input }) => office.assign(input),
  // 2 In its slot: the board is bound by its chip UID, image and identity are written and read back.
  flash: (desk) => atStation(desk, (station, at) => station.flash(at)),
  // 3 Measured and judged against the limits of the recipe.
  test: (desk) => atStation(desk, (station, at) => station.test(at)),
  // 4 The device's own request, the CA's certificate, installed and read back.
  provision: (desk) =>
    atStation(desk, async (station, at) => {
      await station.readCsr(at);
      await office.issueCertificate(desk.input);
      return station.installCertificate(at);
    }),
  // 5 Printed with its own print number, then scanned.
  label: (desk) =>
    atStation(desk, async (station, at) => {
      await station.printLabel(at);
      return station.verifyLabel(at);
    }),
  // 6 Device, label and record agree.
  qc: (desk) => atStation(desk, (station, at) => station.checkQuality(at)),
};

async function takeStep(desk: Desk): Promise<void> {
  const { step } = desk.standing;
  if (step === 'ship') return;
  await report(desk, unitResumed);
  try {
    moveTo(desk, await story[step](desk));
  } catch (error) {
    await afterFailedStep(desk, failureOf(error));
  }
}

/** A few repeats, then a person. The unit's own state stays what the database says. */
async function afterFailedStep(desk: Desk, failure: { code: string; message: string }): Promise<void> {
  desk.failure = failure;
  desk.slot = null;
  if (afterFailure(failure.code, desk.repeats) === 'repeat') {
    desk.repeats += 1;
    await CancellationScope.nonCancellable(() => sleep(betweenRepeatsMs * desk.repeats));
    return;
  }
  desk.settled = false;
  await CancellationScope.nonCancellable(async () =>
    moveTo(desk, await office.holdUnit({ unitId: desk.input.unitId, failure })),
  );
  desk.settled = true;
}

async function atStation(
  desk: Desk,
  act: (station: StationActivities, at: Parameters<StationActivities['flash']>[0]) => Promise<Standing>,
): Promise<Standing> {
  const { unitId } = desk.input;
  const { step } = desk.standing;
  // The lease of the step before serves this one too, where its station does both: no need to ask again.
  if (!desk.slot?.steps.includes(step)) desk.slot = await line.acquireSlot({ unitId });
  const { standing, lease } = desk.slot;
  if (!lease) {
    desk.slot = null;
    return standing;
  }
  desk.station = lease.station;
  const station = proxyActivities<StationActivities>({
    ...stationOptions,
    taskQueue: taskQueues.station(lease.station),
  });
  const after = await act(station, { unitId, lease });
  // The database ends the lease with the result of these two.
  if (step === 'provision' || step === 'qc') desk.slot = null;
  return after;
}

async function awaitDecision(desk: Desk): Promise<void> {
  upsertSearchAttributes(attributesOf(desk));
  await report(desk, unitParked);
  await condition(() => desk.unread || desk.standing.state !== 'AwaitingEngineer');
  if (desk.standing.state === 'AwaitingEngineer') await readRow(desk);
  desk.failure = desk.standing.state === 'AwaitingEngineer' ? desk.failure : null;
  upsertSearchAttributes(attributesOf(desk));
}

/** 7 The unit is ready: it is packed and shipped by its shipment, which tells this workflow to read the row again. */
async function awaitShipment(desk: Desk): Promise<void> {
  await report(desk, unitFinished);
  await condition(() => desk.unread || !waitsForShipment(desk), readAgainEvery);
  if (waitsForShipment(desk)) await readRow(desk);
}

function waitsForShipment({ standing }: Desk): boolean {
  return standing.state === 'ReadyToShip' || standing.state === 'Packed';
}

/** A signal that arrives while the row is read asks for another reading. */
async function readRow(desk: Desk): Promise<void> {
  desk.unread = false;
  moveTo(desk, await office.loadUnit({ unitId: desk.input.unitId }));
}

/** A trial unit stays in the house: it is ready, and nothing ships it. */
function isOver({ standing, trial }: Desk): boolean {
  return departedStates.includes(standing.state) || (trial && standing.state === 'ReadyToShip');
}

/** Answers may overtake each other: an older one says nothing about where the unit stands now. */
function moveTo(desk: Desk, standing: Standing): void {
  if (standing.seq < desk.standing.seq) return;
  if (standing.step !== desk.standing.step || standing.attempt !== desk.standing.attempt) {
    if (standing.step !== desk.standing.step) desk.done.push(desk.standing.step);
    desk.repeats = 0;
    if (standing.state === 'InProgress') desk.failure = null;
  }
  desk.standing = standingOf(standing);
  show(desk);
}

function show(desk: Desk): void {
  setCurrentDetails(unitDetails(progressOf(desk)));
}

/** The partition keeps account of the places in its window. One that is gone, or never was, reads the database. */
async function report(desk: Desk, what: typeof unitParked): Promise<void> {
  const inWindow = what === unitResumed;
  const { parent } = workflowInfo();
  if (desk.inWindow === inWindow || !parent) return;
  desk.inWindow = inWindow;
  await CancellationScope.nonCancellable(async () => {
    try {
      await getExternalWorkflowHandle(parent.workflowId).signal(what, desk.input.unitId);
    } catch {
      // It ended before: its units were at rest then, and nobody waits for this one.
    }
  });
}

function listen(desk: Desk): void {
  setHandler(messages.progress, () => progressOf(desk), { description: 'Where the unit stands.' });
  setHandler(messages.rowChanged, () => void (desk.unread = true), {
    description: 'Read the unit’s row again.',
  });
  setHandler(messages.retryStep, (input) => take(desk, retryOf(input), input?.expectedAttempt), {
    description:
      'Do the failed step again. JSON, optional: {"by": "17", "note": "cleaned the fixture"}. For a label in question: {"by": "17", "label": "none" or "found"}.',
    validator: (input) => validate(desk, retryOf(input), input?.expectedAttempt),
  });
  setHandler(messages.rework, (input) => take(desk, reworkOf(input), input?.expectedAttempt), {
    description:
      'Go back to a step; voids the label and QC. JSON: {"by": "17", "reason": "…", "step": "flash"}.',
    validator: (input) => validate(desk, reworkOf(input), input?.expectedAttempt),
  });
  setHandler(messages.scrap, (input) => take(desk, scrapOf(input), input?.expectedAttempt), {
    description: 'Retire the unit and its serial for ever. JSON: {"by": "17", "reason": "…"}.',
    validator: (input) => validate(desk, scrapOf(input), input?.expectedAttempt),
  });
  setHandler(messages.decide, (input) => decideBySignal(desk, input), {
    description: 'The same decisions, for many units at once.',
  });
}

/** Validators only validate, and never wait. What comes while nothing is settled is judged by the database alone. */
function validate(desk: Desk, decision: Decision, expectedAttempt: number | undefined): void {
  if (!desk.settled) return;
  const problem = decisionProblem(desk.standing, decision, expectedAttempt);
  if (problem) throw ApplicationFailure.nonRetryable(problem, 'NOT_ALLOWED');
}

async function take(
  desk: Desk,
  decision: Decision,
  expectedAttempt: number | undefined,
  id?: string,
): Promise<Standing> {
  const decisionId = id ?? currentUpdateInfo()?.id ?? uuid4();
  const { unitId } = desk.input;
  await condition(() => desk.settled);
  moveTo(
    desk,
    await office.decideUnit({
      unitId,
      decision,
      decisionId,
      ...(expectedAttempt !== undefined && { expectedAttempt }),
    }),
  );
  return desk.standing;
}

/** A signal has nobody to refuse to: one that does not fit is dropped, and the unit stays as it is. */
async function decideBySignal(desk: Desk, input: messages.DecideInput): Promise<void> {
  const decisions = { retry: retryOf, rework: reworkOf, scrap: scrapOf };
  // Whoever holds a Temporal credential may send anything: only a word of ours leads to a decision.
  if (!Object.hasOwn(decisions, String(input?.action))) return;
  const decision = decisions[input.action](input as never);
  try {
    await condition(() => desk.settled);
    if (decisionProblem(desk.standing, decision, input.expectedAttempt)) return;
    await take(desk, decision, input.expectedAttempt, input.decisionId);
  } catch {
    // Refused, or cancelled with the unit, which is held then: the run ends when that is on record, not before.
  }
}

/** Kept below what Postgres visibility takes; a longer one would hide the workflow for ever. */
function attributesOf({ standing, failure, station: stationId }: Desk) {
  const held = standing.state === 'AwaitingEngineer';
  return {
    UnitState: [standing.state],
    UnitStep: [standing.step],
    FailureCode: held && failure ? [failure.code.slice(0, 64)] : [],
    StationId: held && stationId ? [stationId.slice(0, 64)] : [],
  };
}

function progressOf({ standing, done, failure }: Desk): messages.Progress {
  const { serial, state, step, attempt } = standing;
  return { serial, state, step, attempt, done: [...done], failure };
}
