import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../adapters/postgres/database';
import { openHolds, releaseHolds, type HoldOutcome } from '../adapters/postgres/holds';
import {
  countOutcomes,
  findResolution,
  openResolution,
  settledUnits,
  settleUnits,
  unsettledUnits,
  type RefusedUnit,
  type SelectedUnit,
  type Settlement,
} from '../adapters/postgres/resolutions';
import {
  countSelected,
  inOneReading,
  namedInVain,
  selectedProducts,
  selectUnits,
  type NamedInVain,
} from '../adapters/postgres/unit-selection';
import { canonicalJson } from '../domain/canonical';
import { decisionProblem, type Decision } from '../domain/decision';
import { UnitrailError } from '../domain/errors';
import { problemText } from '../domain/refusal';
import {
  decisionIdOf,
  decisionOf,
  holdOf,
  MAX_RESOLVED_UNITS,
  selectedState,
  SHOWN_GROUPS,
  SHOWN_UNITS,
  type ResolveRequest,
  type ResolveResult,
  type SelectedGroup,
  type SettledUnit,
} from '../domain/resolution';
import { parseResolveRequest } from '../domain/resolve-request';
import { unitWorkflowId } from '../domain/workflow-ids';
import { alive } from './act';
import { findRelease } from './pin-release';
import { someAtOnce } from './some-at-once';

const POLL_MS = 500;
/** A workflow answers within a second. A line that was down for a moment is waited for; one that is down is named. */
const ANSWER_WITHIN_MS = 180_000;

/** What the workflow keeps of a resolution while it goes on. */
export interface OpenedResolution {
  readonly resolution: string;
  readonly action: ResolveRequest['action'];
  readonly by: string;
  readonly dryRun: boolean;
  readonly hold: string | null;
  readonly selected: number;
  /** How many of them something has come of: a run that goes on begins behind them. */
  readonly settled: number;
  readonly groups: readonly SelectedGroup[];
  /** Of a dry run: units that were named and are not selected, for how they stand. Otherwise they are on record. */
  readonly inVain: readonly SettledUnit[];
  readonly refused: number;
}

const nobody = { inVain: [], refused: 0 };

type Came = Pick<ResolveResult, 'counts' | 'done' | 'notDone' | 'more'>;

type Range = Parameters<typeof unsettledUnits>[2];

/** One decision about many units. What was selected is on record before the first unit is told. */
export function createResolveActivities(deps: { db: Database; client: Client; answerWithinMs?: number }) {
  const { db, answerWithinMs = ANSWER_WITHIN_MS } = deps;
  return {
    /** Judges the input, counts what it selects and, unless it is a dry run, writes the selection down. */
    async openResolution({ id, input }: { id: string; input: unknown }): Promise<OpenedResolution> {
      const request = parseResolveRequest(input);
      return alive(() => open(id, request));
    },

    /**
     * Tells the units of these positions and waits until what they were told is on record. A repeat tells those that
     * nothing has come of yet: the decision has one id, so that no unit takes it twice.
     */
    async resolveChunk({ id, from, to }: { id: string; from: number; to: number }): Promise<void> {
      await alive(async () => {
        const request = await requireRequest(id);
        const decision = decisionOf(request);
        const range = { from, to, decisionId: decisionIdOf(id) };
        await (decision ? decideChunk(id, range, decision) : holdChunk(id, range, request));
      });
    },

    /** What came of all units, in lists that fit a page. */
    async resolutionResult({ id }: { id: string }): Promise<Came> {
      return alive(() => resultOf(id));
    },
  };

  async function resultOf(id: string): Promise<Came> {
    const counts = await countOutcomes(db, id);
    const done = await settledUnits(db, id, { done: true, limit: SHOWN_UNITS });
    const notDone = await settledUnits(db, id, { done: false, limit: SHOWN_UNITS });
    const all = counts.done + counts.refused + counts.unreached;
    return {
      counts,
      done: done.map(({ serial }) => serial),
      notDone: notDone.map(({ serial, outcome, why }) => ({ serial, outcome, why })),
      more: done.length + notDone.length < all ? `unitrail units resolved ${id}` : null,
    };
  }

  async function open(id: string, request: ResolveRequest): Promise<OpenedResolution> {
    const { action, by, dryRun } = request;
    const head = { resolution: id, action, by, dryRun, hold: holdOf(request, id) };
    const known = await findResolution(db, id);
    if (known === null) await requireReleases(db, request);
    const { selected, groups, inVain, unitIds } = await inOneReading(db, (reading) =>
      select(reading, request, known),
    );
    const shown = { ...head, groups: groups.slice(0, SHOWN_GROUPS) };
    if (dryRun)
      return { ...shown, selected, settled: 0, refused: inVain.length, inVain: inVain.slice(0, SHOWN_UNITS) };
    if (known) return { ...shown, selected: known.selected, settled: known.settled, ...nobody };
    const units = await openResolution(db, { id, request: canonicalJson(request), by, unitIds, inVain });
    return { ...shown, selected: units, settled: 0, ...nobody };
  }

  async function requireRequest(id: string): Promise<ResolveRequest> {
    const known = await findResolution(db, id);
    if (known) return JSON.parse(known.request) as ResolveRequest;
    throw new UnitrailError('NOT_FOUND', `There is no resolution ${id}.`);
  }

  /** Holds are rows: they are on record before a workflow is told, and whether it has one. */
  async function holdChunk(id: string, range: Range, request: ResolveRequest): Promise<void> {
    const units = await unsettledUnits(db, id, range);
    const order = { hold: holdOf(request, id)!, by: request.by, note: request.note! };
    const unitIds = units.map(({ unitId }) => unitId);
    const held = await (request.action === 'hold' ? openHolds : releaseHolds)(db, order, unitIds);
    await someAtOnce(held, async ({ name }) => void (await signalUnit(deps.client, name, 'rowChanged')));
    const outcomes = new Map(held.map(({ unitId, outcome }) => [unitId, outcome]));
    const settle = ({ position, unitId }: SelectedUnit): Settlement => ({
      position,
      ...settlementOfHold(request.action, outcomes.get(unitId)!, order.hold),
    });
    await settleUnits(db, id, units.map(settle));
  }

  async function decideChunk(id: string, range: Range, decision: Decision): Promise<void> {
    const { cancellationSignal: signal } = Context.current();
    const lost = await tell(await unsettledUnits(db, id, range), decision, range.decisionId);
    let deadline = Date.now() + answerWithinMs;
    for (;;) {
      const waiting = await unsettledUnits(db, id, range);
      const settlements = waiting.flatMap((unit) => settlementOf(unit, decision, lost));
      await settleUnits(db, id, settlements);
      if (settlements.length === waiting.length) return;
      if (settlements.length > 0) deadline = Date.now() + answerWithinMs;
      if (Date.now() > deadline) return giveUp(id, range);
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  /** Sends the decision to each unit that it fits; returns the positions of those whose workflow is gone. */
  async function tell(
    units: readonly SelectedUnit[],
    decision: Decision,
    decisionId: string,
  ): Promise<Set<number>> {
    const lost = new Set<number>();
    const fitting = units.filter((unit) => !unit.decided && problemOf(unit, decision) === null);
    await someAtOnce(fitting, async ({ position, name, selectedAttempt }) => {
      const told = { ...decision, decisionId, expectedAttempt: selectedAttempt };
      if (!(await signalUnit(deps.client, name, 'decide', told))) lost.add(position);
    });
    return lost;
  }

  async function giveUp(id: string, range: Range): Promise<void> {
    const why =
      'its workflow has not answered; it may still take it: look at the unit before you send it again';
    const silent = await unsettledUnits(db, id, range);
    await settleUnits(
      db,
      id,
      silent.map(({ position }): Settlement => ({ position, outcome: 'unreached', why })),
    );
  }
}

function settlementOfHold(
  action: ResolveRequest['action'],
  outcome: HoldOutcome,
  hold: string,
): Omit<Settlement, 'position'> {
  const done: readonly HoldOutcome[] = action === 'hold' ? ['opened', 'open'] : ['released'];
  if (done.includes(outcome)) return { outcome: 'done', why: null };
  const whys: Partial<Record<HoldOutcome, string>> = {
    none: `it has no hold ${hold}`,
    released: `its hold ${hold} was released before: a hold id is used once`,
  };
  return { outcome: 'refused', why: whys[outcome] ?? `it is ${outcome} by now` };
}

/** What came of the unit so far: one settlement, or none yet. */
function settlementOf(unit: SelectedUnit, decision: Decision, lost: ReadonlySet<number>): Settlement[] {
  const { position } = unit;
  if (unit.decided) return [{ position, outcome: 'done', why: null }];
  const problem = problemOf(unit, decision);
  if (problem) return [{ position, outcome: 'refused', why: problem }];
  const why = 'it has no open workflow; `unitrail resume` starts it again';
  return lost.has(position) ? [{ position, outcome: 'unreached', why }] : [];
}

/** Whom the request means, and who is named in vain. What is on record already is counted only. */
async function select(
  db: Database,
  request: ResolveRequest,
  known: object | null,
): Promise<{ selected: number; groups: SelectedGroup[]; inVain: RefusedUnit[]; unitIds: string[] }> {
  const counted = await countSelected(db, request);
  if (known) return { ...counted, inVain: [], unitIds: [] };
  if (counted.selected > MAX_RESOLVED_UNITS) throw tooMany(counted.selected);
  const inVain = (await namedInVain(db, request)).map((unit) => refusedAs(unit, request));
  return { ...counted, inVain, unitIds: request.dryRun ? [] : await collected(selectUnits(db, request)) };
}

/** Null where the unit may still be told; otherwise why it is left alone. */
function problemOf(unit: SelectedUnit, decision: Decision): string | null {
  if (unit.step !== unit.selectedStep)
    return `it moved on from ${unit.selectedStep} to ${unit.step} since it was selected`;
  return decisionProblem(unit, decision, unit.selectedAttempt);
}

/** False where the unit has no open workflow. */
async function signalUnit(
  client: Client,
  name: string,
  signal: string,
  ...args: unknown[]
): Promise<boolean> {
  try {
    await client.workflow.getHandle(unitWorkflowId(name)).signal(signal, ...args);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw new UnitrailError(
      'TEMPORAL_UNAVAILABLE',
      `Unit ${name} could not be told yet.`,
      {},
      { cause: error },
    );
  }
}

function refusedAs({ unitId, serial, state, step }: NamedInVain, request: ResolveRequest): RefusedUnit {
  const wanted = selectedState(request);
  const why = wanted
    ? `it is ${state} at ${step}; selected are units that are ${wanted} and fit the other fields`
    : `it is ${state} at ${step}; selected are open units that fit the other fields`;
  return { unitId, serial, outcome: 'refused', why };
}

/** Told before anything is done: the units' workflows are told by signal, and have nobody to refuse to. */
async function requireReleases(db: Database, request: ResolveRequest): Promise<void> {
  const { toFirmware } = request;
  if (toFirmware === undefined) return;
  for (const product of await selectedProducts(db, request)) {
    const { release, allowed } = await findRelease(db, product, toFirmware);
    if (!release)
      throw new UnitrailError(
        'INPUT_INVALID',
        problemText({ path: ['toFirmware'], value: toFirmware, allowed }),
      );
  }
}

function tooMany(selected: number): UnitrailError {
  const allowed = `a selection of up to ${MAX_RESOLVED_UNITS} units: narrow it`;
  return new UnitrailError('INPUT_INVALID', problemText({ path: ['selector'], value: selected, allowed }));
}

async function collected(pages: AsyncGenerator<string[]>): Promise<string[]> {
  const unitIds: string[] = [];
  for await (const page of pages) unitIds.push(...page);
  return unitIds;
}
