import { loadVersions } from './archive-terms';
import { checkErasedContents } from './erased-contents';
import type { Findings } from './findings';
import { checkHeldContents } from './held-contents';
import { checkLegalHolds, holdEvents, holdsTold } from './legal-holds';
import { checkMoves } from './moves';
import { checkPeople } from './people';
import { checkVersions } from './plant-versions';
import type { RetentionEvents } from './retention-events';
import { checkRuns } from './retention-runs';
import type { KeysOnRecord } from './signed-by';
import type { Snapshot } from './snapshot';

/** A19, but for the bytes: what the rows say of retention is what its streams tell, in both directions. */
export async function checkRetention(
  snapshot: Snapshot,
  events: RetentionEvents,
  keys: KeysOnRecord,
  findings: Findings,
): Promise<void> {
  const versions = await loadVersions(snapshot, events);
  const ofHolds = holdEvents(events);
  const holds = holdsTold(ofHolds);
  await checkMoves(snapshot, events, { keys, versions }, findings);
  await checkRuns(snapshot, events, findings);
  await checkLegalHolds(snapshot, ofHolds, holds, findings);
  await checkVersions(snapshot, events, findings);
  await checkPeople(snapshot, events, { holds, versions }, findings);
  await checkErasedContents(snapshot, events, findings);
  await checkHeldContents(snapshot, events, holds, findings);
}
