import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
  defineQuery,
} from '@temporalio/workflow';
import type { ResolveResult } from '../domain/resolution';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { openedDetails, resultDetails } from './resolve-details';
import { bulk } from './timeouts';

const office = proxyActivities<OfficeActivities>({ ...bulk, taskQueue: taskQueues.office });

/** Units that are told and waited for together: one activity, seconds of work. */
export const RESOLVE_CHUNK = 100;
/** Then a new run begins: its history stays short, whatever the size of the selection. */
export const CHUNKS_A_RUN = 100;

type Opened = Awaited<ReturnType<OfficeActivities['openResolution']>>;

export interface ResolveProgress {
  readonly selected: number;
  readonly settled: number;
}

export const resolveProgress = defineQuery<ResolveProgress>('resolveProgress');

/**
 * One decision about many units: retry, rework, scrap, quality hold or release. Its input is one flat JSON object, judged
 * by the first activity. What was selected and what came of it stands in the database: a repeat, a reset and the next
 * run go on there.
 */
export async function resolveUnits(input: unknown): Promise<ResolveResult> {
  let progress: ResolveProgress = { selected: 0, settled: 0 };
  setHandler(resolveProgress, () => progress, { description: 'How far the decision is.' });
  // The same for all runs of a chain, and after a reset: no unit takes the decision of this start twice.
  const id = workflowInfo().firstExecutionRunId;
  const opened = await office.openResolution({ id, input });
  if (opened.dryRun) return ended(opened, foreseen(opened));
  const lastHere = opened.settled + RESOLVE_CHUNK * CHUNKS_A_RUN;
  for (let from = opened.settled + 1; from <= opened.selected; from += RESOLVE_CHUNK) {
    progress = { selected: opened.selected, settled: from - 1 };
    setCurrentDetails(openedDetails(opened, progress.settled));
    if (from > lastHere) return continueAsNew<typeof resolveUnits>(input);
    await office.resolveChunk({ id, from, to: from + RESOLVE_CHUNK - 1 });
  }
  progress = { selected: opened.selected, settled: opened.selected };
  return ended(opened, await office.resolutionResult({ id }));
}

type Came = Pick<ResolveResult, 'counts' | 'done' | 'notDone' | 'more'>;

/** Of a dry run: who was named and would not be told. */
function foreseen({ inVain, refused }: Opened): Came {
  return { counts: { done: 0, refused, unreached: 0 }, done: [], notDone: inVain, more: null };
}

function ended(opened: Opened, came: Came): ResolveResult {
  const { resolution, action, by, dryRun, hold, selected, groups } = opened;
  const result = { resolution, action, by, dryRun, hold, selected, groups, ...came };
  setCurrentDetails(resultDetails(result));
  return result;
}
