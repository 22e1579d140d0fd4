import { Context } from '@temporalio/activity';
import type { Place } from '../adapters/devices/ports';
import type { Database } from '../adapters/postgres/database';
import {
  appendEvent,
  beginAct,
  requestDigest,
  type EventBody,
  type Lease,
  type Opening,
} from '../adapters/postgres/ledger';
import { loadUnitContext, type UnitContext } from '../adapters/postgres/unit-context';
import { UnitrailError } from '../domain/errors';
import type { Standing } from '../domain/unit-lifecycle';

/** A try of one part of a step, while it is under way. */
export interface Act {
  readonly unit: UnitContext;
  readonly attempt: number;
  readonly try: number;
  /** Where the board is; throws for an act that has no slot. */
  readonly place: Place;
  readonly signal: AbortSignal;
  /** Records a fact of this try before the act goes on: what is not recorded did not leave the house. */
  note(type: string, what: string, body: EventBody): Promise<Standing>;
}

export interface ActResult {
  readonly type: string;
  /** What was asked for; a repeat with another request is refused. */
  readonly request: EventBody;
  readonly body: EventBody;
}

interface ActSpec {
  readonly unitId: string;
  /** Part of a step, as in event_types.part: `flash`, `label.print`. */
  readonly part: string;
  readonly intent: string;
  readonly lease: Lease | null;
  /** Facts that the intent itself records. */
  readonly intentBody?: EventBody;
}

const HEARTBEAT_MS = 4_000;

/**
 * Intent, act, result. A repeat finds the result and returns where the unit stands; a crash leaves the intent, from
 * which the next try knows what to look for; a failure is recorded with its cause before it is thrown.
 */
export async function performAct(
  db: Database,
  spec: ActSpec,
  act: (current: Act) => Promise<ActResult>,
): Promise<Standing> {
  const context = Context.current();
  const stopHeartbeat = startHeartbeat(context);
  try {
    const opening = await open(db, spec, callerOf(context));
    if (opening.done) return opening.standing;
    return await actUnderTry(db, spec, opening, context.cancellationSignal, act);
  } finally {
    stopHeartbeat();
  }
}

async function open(db: Database, spec: ActSpec, caller: string): Promise<Opening> {
  const { unitId, intent, lease, intentBody } = spec;
  const body = { ...intentBody, caller, ...(lease && { place: { ...lease } }) };
  return beginAct(db, { unitId, intent, caller, lease, body });
}

async function actUnderTry(
  db: Database,
  spec: ActSpec,
  opening: Opening,
  signal: AbortSignal,
  act: (current: Act) => Promise<ActResult>,
): Promise<Standing> {
  const unit = await loadUnitContext(db, spec.unitId);
  const keyOfAttempt = `${spec.unitId}/${spec.part}/${opening.attempt}`;
  const facts = { attempt: opening.attempt, try: opening.try, ...placeFact(spec.lease, opening.fence) };
  const current: Act = {
    unit,
    attempt: opening.attempt,
    try: opening.try,
    signal,
    get place() {
      return placeOf(spec.lease, opening.fence, signal);
    },
    note: (type, what, body) =>
      appendEvent(db, spec.unitId, type, `${keyOfAttempt}/${opening.try}/${what}`, { ...body, ...facts }),
  };
  try {
    const result = await act(current);
    const body = { ...result.body, ...facts, request: requestDigest(result.request) };
    return await appendEvent(db, spec.unitId, result.type, keyOfAttempt, body);
  } catch (error) {
    await recordFailure(current, spec.part, error);
    throw error;
  }
}

/** A failure of infrastructure decides nothing and is not history; everything else is. */
async function recordFailure(act: Act, part: string, error: unknown): Promise<void> {
  if (!(error instanceof UnitrailError) || error.reaction === 'retry') return;
  const { code, message, detail } = error;
  try {
    await act.note('stepFailed', 'failed', {
      part,
      code,
      message,
      detail: JSON.parse(JSON.stringify(detail)),
    });
  } catch {
    // The lease went to a newer try, or the database is away: the failure itself still reaches the workflow.
  }
}

function placeFact(lease: Lease | null, fence: number | null): EventBody {
  return lease ? { place: { ...lease, fence } } : {};
}

function placeOf(lease: Lease | null, fence: number | null, signal: AbortSignal): Place {
  if (!lease || fence === null)
    throw new UnitrailError('INTERNAL', 'An act without a slot asked for a place.');
  return { slot: `${lease.station}/${lease.slot}`, fence, signal };
}

/** One try is one (run id, activity id, Temporal's attempt). */
function callerOf(context: Context): string {
  const { workflowExecution, activityId, attempt } = context.info;
  return `${workflowExecution?.runId ?? 'none'}/${activityId}/${attempt}`;
}

/** Tells Temporal that this worker lives, and where its work is if that is given, until the answer is called. */
export function startHeartbeat(context: Context, pointOf?: () => unknown): () => void {
  const timer = setInterval(() => context.heartbeat(pointOf?.()), HEARTBEAT_MS);
  return () => clearInterval(timer);
}

/** However long one statement takes: without heartbeats a worker that was killed would be noticed by the time-out alone. */
export async function alive<T>(work: () => Promise<T>): Promise<T> {
  const stop = startHeartbeat(Context.current());
  try {
    return await work();
  } finally {
    stop();
  }
}

/** As `alive`, and tells where the work is: the next try goes on from there, also after a failure. */
export async function aliveAt<T>(pointOf: () => unknown, work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const stop = startHeartbeat(context, pointOf);
  try {
    return await work();
  } catch (error) {
    context.heartbeat(pointOf());
    throw error;
  } finally {
    stop();
  }
}
