import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  proxyActivities,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { afterFailure } from '../domain/after-failure';
import type { Standing, Step } from '../domain/unit-lifecycle';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities, StationActivities } from './activity-types';
import { unitFinished, unitParked, unitResumed } from './batch-messages';
import { cancelled, failureOf, type Failure } from './failure';
import {
  betweenRepeatsMs,
  heldReadsAgainEvery,
  office as officeOptions,
  readyReadsAgainMs,
  station as stationOptions,
  waiting,
} from './timeouts';
import {
  isOver,
  learn,
  learnIdentity,
  moveTo,
  newDesk,
  noteHold,
  now,
  publish,
  show,
  waitsForShipment,
  type Desk,
  type UnitWorkflowInput,
} from './unit-desk';
import { listen } from './unit-handlers';

export type { UnitWorkflowInput } from './unit-desk';

const office = proxyActivities<OfficeActivities>({ ...officeOptions, taskQueue: taskQueues.office });
const line = proxyActivities<OfficeActivities>({ ...waiting, taskQueue: taskQueues.office });

/** The life of a unit, as durable steps: docs/lifecycle.md tells it with the same numbers. */
export async function unit(input: UnitWorkflowInput): Promise<Standing> {
  const desk = newDesk(input);
  // Handlers stand before the first await: a message that arrives with the start finds them.
  listen(desk);
  parkOnCancel(desk);
  return CancellationScope.nonCancellable(async () => {
    await begin(desk);
    return run(desk);
  });
}

/** Cancel in the web UI does not end a unit: what is under way is stopped, and a person decides. */
function parkOnCancel(desk: Desk): void {
  CancellationScope.current().cancelRequested.catch(() => {
    // One that waits for a person already is parked.
    desk.cancel = desk.standing.state === 'AwaitingEngineer' ? 'taken' : 'asked';
    desk.act?.cancel();
    show(desk);
  });
}

async function begin(desk: Desk): Promise<void> {
  const loaded = await office.loadUnit({ unitId: desk.input.unitId });
  desk.trial = loaded.trial;
  desk.settled = true;
  learn(desk, loaded.facts);
  // What was done before this run is among the facts.
  desk.standing = { ...desk.standing, step: loaded.step };
  if (loaded.failureCode)
    desk.failure = loaded.facts?.failure ?? {
      code: loaded.failureCode,
      message: 'held before this run began; `unitrail unit show` has the whole history',
    };
  moveTo(desk, loaded);
  noteParked(desk);
  noteHold(desk, loaded.hold);
}

async function run(desk: Desk): Promise<Standing> {
  do {
    while (!isOver(desk)) {
      if (desk.standing.state === 'AwaitingEngineer') await awaitDecision(desk);
      else if (desk.standing.step === 'ship') await awaitShipment(desk);
      else await takeStep(desk);
      await beginAfresh(desk);
    }
    // So that the list of workflows tells how it ended.
    publish(desk);
    await report(desk, unitFinished);
    // A decision that came at the last moment (the rework of a trial unit that is ready) is not left behind.
    await condition(allHandlersFinished);
  } while (!isOver(desk));
  return desk.standing;
}

/** Temporal takes one cancel a run: a unit that goes on after one gets another run, as does one with a long history. */
async function beginAfresh(desk: Desk): Promise<void> {
  const goesOn = desk.cancel === 'taken' && desk.standing.state !== 'AwaitingEngineer';
  if (!(goesOn || workflowInfo().continueAsNewSuggested) || isOver(desk)) return;
  // The next run begins with a place in the window.
  if (desk.standing.state === 'InProgress') await report(desk, unitResumed);
  await condition(allHandlersFinished);
  // The next run would know nothing of it.
  if (desk.cancel === 'asked') return;
  await continueAsNew<typeof unit>(desk.input);
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
  if (desk.cancel === 'asked') return hold(desk, cancelled);
  if (!desk.hold) await report(desk, unitResumed);
  desk.act = new CancellationScope();
  try {
    now(desk, desk.hold ? 'hold' : 'act');
    moveTo(desk, await desk.act.run(() => (desk.hold ? untilReleased(desk) : story[step](desk))));
  } catch (error) {
    await afterFailedStep(desk, failureOf(error));
  } finally {
    desk.act = null;
  }
}

/** A few repeats, then a person. The unit's own state stays what the database says. */
async function afterFailedStep(desk: Desk, failure: Failure): Promise<void> {
  desk.slot = null;
  if (isOver(desk)) return;
  // Nothing failed: the act was not begun.
  if (failure.code === 'ON_HOLD') return noteHold(desk, failure.message);
  desk.failure = failure;
  if (afterFailure(failure.code, desk.repeats) === 'repeat') {
    desk.repeats += 1;
    show(desk);
    await sleep(betweenRepeatsMs * desk.repeats);
    return;
  }
  await hold(desk, failure);
}

async function hold(desk: Desk, failure: Failure): Promise<void> {
  desk.failure = failure;
  desk.settled = false;
  const held = await office.holdUnit({ unitId: desk.input.unitId, failure });
  learn(desk, held.facts);
  moveTo(desk, held);
  noteParked(desk);
  desk.settled = true;
}

/** Cancel was pressed while it was being parked, or before: it asks for nothing more. */
function noteParked(desk: Desk): void {
  if (desk.cancel === 'asked' && desk.standing.state === 'AwaitingEngineer') desk.cancel = 'taken';
}

/** On a quality hold nothing new begins. Its slot goes to another unit, and its place in the window is free. */
async function untilReleased(desk: Desk): Promise<Standing> {
  await report(desk, unitParked);
  for (;;) {
    desk.unread = false;
    const loaded = await office.standAside({ unitId: desk.input.unitId });
    noteHold(desk, loaded.hold);
    if (!desk.hold || loaded.state !== 'InProgress') return loaded;
    await condition(() => desk.unread || desk.standing.state !== 'InProgress', heldReadsAgainEvery);
  }
}

async function atStation(
  desk: Desk,
  act: (station: StationActivities, at: Parameters<StationActivities['flash']>[0]) => Promise<Standing>,
): Promise<Standing> {
  const { unitId } = desk.input;
  const { step } = desk.standing;
  // The lease of the step before serves this one too, where its station does both: no need to ask again.
  if (!desk.slot?.steps.includes(step)) {
    now(desk, 'slot');
    desk.slot = await line.acquireSlot({ unitId });
  }
  const { standing, lease } = desk.slot;
  if (!lease) {
    desk.slot = null;
    return standing;
  }
  desk.station = lease.station;
  now(desk, 'act');
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
  publish(desk);
  await report(desk, unitParked);
  await condition(() => desk.unread || desk.standing.state !== 'AwaitingEngineer');
  if (desk.standing.state === 'AwaitingEngineer') await readRow(desk);
  desk.failure = desk.standing.state === 'AwaitingEngineer' ? desk.failure : null;
  publish(desk);
}

/** 7 The unit is ready: it is packed and shipped by its shipment, which tells this workflow to read the row again. */
async function awaitShipment(desk: Desk): Promise<void> {
  await report(desk, unitFinished);
  now(desk, 'shipment');
  await condition(
    () => desk.unread || desk.cancel === 'asked' || !waitsForShipment(desk),
    readyReadsAgainMs(desk.input.unitId),
  );
  if (waitsForShipment(desk) && desk.cancel === 'asked') return hold(desk, cancelled);
  if (waitsForShipment(desk)) await readRow(desk);
}

/** A signal that arrives while the row is read asks for another reading. */
async function readRow(desk: Desk): Promise<void> {
  desk.unread = false;
  const loaded = await office.loadUnit({
    unitId: desk.input.unitId,
    ...(desk.facts && { page: 'known' as const }),
  });
  learn(desk, loaded.facts);
  learnIdentity(desk, loaded);
  if (loaded.facts?.failure) desk.failure = loaded.facts.failure;
  moveTo(desk, loaded);
  noteHold(desk, loaded.hold);
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
