import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  defineQuery,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { asOfThis } from './as-of';
import { exportDetails, type ExportDesk } from './export-details';
import { bulk, delivery, exportAgainAfter, making } from './timeouts';

const desk = proxyActivities<OfficeActivities>({ ...bulk, taskQueue: taskQueues.office });
const writer = proxyActivities<OfficeActivities>({ ...making, taskQueue: taskQueues.office });
const courier = proxyActivities<OfficeActivities>({ ...delivery, taskQueue: taskQueues.office });

export interface ExportInput {
  readonly buyer: string;
}

export interface ExportResult {
  readonly buyer: string;
  readonly asOf: string;
  /** The export that this run opened; null where the buyer had nothing to be told. */
  readonly opened: string | null;
  /** Those that were delivered, in the order of their numbers: also what an earlier run had left. */
  readonly delivered: readonly string[];
}

export const tryAgain = defineUpdate<string, []>('tryAgain');
export const exportProgress = defineQuery<ExportDesk>('exportProgress');

/**
 * What a buyer has not been told yet becomes one export, and everything undelivered goes to the buyer's folder in the
 * order of its numbers. Servers that are away are tried without end; what only a person can mend (another host key, a
 * refused login, a file that is not ours) is shown, and tried again after an hour or at `tryAgain`.
 */
export async function sendExports({ buyer }: ExportInput): Promise<ExportResult> {
  const state = setUp(buyer, asOfThis(workflowInfo()));
  const { opened, due } = await desk.openExport({ buyer, asOf: state.asOf });
  state.opened = opened;
  state.due = [...due];
  for (const id of due) {
    show(state, { under: id, doing: 'making' });
    await untilMended(state, () => writer.makeExport({ export: id }));
    show(state, { under: id, doing: 'delivering' });
    const { to } = await untilMended(state, () => courier.deliverExport({ export: id }));
    // Without a server of the buyer's it waits for `unitrail export run --to`.
    if (to !== null) state.delivered.push(id);
  }
  show(state, { under: null, doing: 'done' });
  const { asOf, delivered } = state;
  return { buyer, asOf, opened, delivered };
}

interface State extends ExportDesk {
  asked: boolean;
}

function setUp(buyer: string, asOf: string): State {
  const state: State = {
    ...{ buyer, asOf, opened: null, due: [], delivered: [], under: null, doing: 'opening', failure: null },
    asked: false,
  };
  setHandler(
    tryAgain,
    () => {
      state.asked = true;
      return state.failure === null
        ? 'Nothing waits: it is under way.'
        : `${state.under ?? buyer} is tried again.`;
    },
    { description: 'Tries the export again at once, after its cause was mended. Leave the box empty.' },
  );
  setHandler(exportProgress, () => ({ ...state }), { description: 'How far the exports are.' });
  return state;
}

/** Tried again by itself, a refused login might be locked; and a strange host is nobody's to trust. */
const onlyAsked: ReadonlySet<string> = new Set(['SFTP_LOGIN_REFUSED', 'SFTP_HOST_KEY_MISMATCH']);

/** A failure that Temporal does not try again waits for a person, and, where trying does no harm, an hour. */
async function untilMended<T>(state: State, act: () => Promise<T>): Promise<T> {
  for (;;) {
    state.asked = false;
    try {
      const done = await act();
      show(state, { failure: null });
      return done;
    } catch (error) {
      const cause = error instanceof ActivityFailure ? error.cause : undefined;
      if (!(cause instanceof ApplicationFailure)) throw error;
      show(state, { failure: { code: cause.type ?? 'INTERNAL', message: cause.message } });
      if (onlyAsked.has(cause.type ?? '')) await condition(() => state.asked);
      else await condition(() => state.asked, exportAgainAfter);
    }
  }
}

function show(state: State, change: Partial<ExportDesk>): void {
  Object.assign(state, change);
  setCurrentDetails(exportDetails(state));
}
