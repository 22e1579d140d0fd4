import {
  continueAsNew,
  patched,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { countsText, nothingChecked, type StoreCheckPart, type StoreReport } from '../domain/store-check';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { searching } from './timeouts';

const desk = proxyActivities<OfficeActivities>({ ...searching, taskQueue: taskQueues.office });

/**
 * The search for bit rot, started by its schedule once a week: every content is read in each place, and what one place lacks or
 * has damaged is mended from the other; what was erased, and is there again, is removed. Locks are made longer where the policy
 * has grown. A run that fails has found what is whole nowhere, or can't be mended or locked.
 */
export async function storeCheck(
  begin: StoreCheckPart = { report: nothingChecked, after: null },
): Promise<StoreReport> {
  let part = begin;
  do {
    part = await desk.checkStorePart(part);
    setCurrentDetails(detailsOf(part.report));
    if (part.after !== null && workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof storeCheck>(part);
  } while (part.after !== null);
  await end(part.report);
  return part.report;
}

/** Told before the locks are made longer: a bucket that does not answer would keep back for days what is lost. */
async function end(report: StoreReport): Promise<void> {
  if (!patched('losses-first')) {
    await desk.protectArchive();
    return desk.endStoreCheck({ report });
  }
  try {
    await desk.endStoreCheck({ report });
  } catch (error) {
    // What was found is why the run fails, whatever becomes of the locks: an activity that failed is counted all the same.
    await Promise.allSettled([desk.protectArchive()]);
    throw error;
  }
  await desk.protectArchive();
}

function detailsOf(report: StoreReport): string {
  const { checked, findings } = report;
  const rows = findings.map(
    ({ sha256, first, copy, outcome, why = '' }) =>
      `| ${sha256} | ${first} | ${copy ?? 'none'} | ${outcome} | ${why.replaceAll('|', '\\|')} |`,
  );
  const table = ['', '| content | first place | second copy | | |', '|---|---|---|---|---|', ...rows];
  const told = `**${checked} contents** read: ${countsText(report)}.`;
  return [told, ...(rows.length > 0 ? table : [])].join('\n');
}
