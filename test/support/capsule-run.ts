/** The steps of a retention run as its activities take them, on a shop floor. */
import { join } from 'node:path';
import { capsuleProofs } from '../../activities/capsule-proofs';
import { deliverCapsule } from '../../activities/deliver-capsule';
import type { MakeExportDeps } from '../../activities/make-export';
import { makeCapsule, type MakeCapsuleDeps } from '../../activities/make-capsule';
import { verifyCopy, type VerifyCapsuleDeps } from '../../activities/verify-capsule';
import { writeCapsule } from '../../adapters/capsule/write-capsule';
import { retireSome } from '../../adapters/postgres/capsules';
import type { Database } from '../../adapters/postgres/database';
import { endRun, openRun, planCapsules } from '../../adapters/postgres/retention';
import { verifyFiles } from '../../workers/retention-parts';
import { makeDeps } from './exports';

export type CapsuleDeps = MakeCapsuleDeps & VerifyCapsuleDeps & Pick<MakeExportDeps, 'log'>;

export async function capsuleDeps(office: Database, home: string): Promise<CapsuleDeps> {
  const made = await makeDeps(office, home);
  const { text, origin } = made.log.key;
  const trusted = { publicKeys: [made.key.publicKey], logKeys: [text], logOrigin: origin };
  const proofs = () => capsuleProofs(office, made.log);
  return { ...made, proofs, write: writeCapsule, verify: verifyFiles, trusted };
}

let runs = 0;

/** A run, and the capsules that it has planned. */
export async function planRun(
  office: Database,
): Promise<{ run: { id: string; asOf: Date }; capsules: string[] }> {
  const run = await openRun(office, {
    ...{ request: `capsules-${(runs += 1)}`, asOf: new Date(), confirmedBy: null },
  });
  await planCapsules(office, run.id);
  return { run, capsules: await office('capsules').where({ run_id: run.id }).orderBy('id').pluck('id') };
}

/** Everything but the planning, in the order of the workflow. */
export async function moveAll(
  deps: CapsuleDeps,
  retention: Database,
  planned: Awaited<ReturnType<typeof planRun>>,
): Promise<void> {
  await moveRun(deps, retention, planned);
  await endEmpty(deps.db, planned.run);
}

/** The same, and the run goes on. */
export async function moveRun(
  deps: CapsuleDeps,
  retention: Database,
  { run, capsules }: Awaited<ReturnType<typeof planRun>>,
): Promise<void> {
  const { db: office, store } = deps;
  for (const id of capsules) {
    await makeCapsule(deps, id, run);
    await verifyCopy(deps, id, run.id);
    await deliverCapsule({ db: office, store, secrets: process.env }, id, run.id);
    while ((await retireSome(retention, id, run.id)) > 0);
  }
}

/** With a report of nothing. */
export async function endEmpty(office: Database, run: { id: string; asOf: Date }): Promise<void> {
  const nothing = { due: [], blocked: [], capsules: [], erased: [], names: [] };
  const report = { run: run.id, asOf: run.asOf.toISOString(), dryRun: false, clockTrusted: true };
  await endRun(office, run.id, { ...report, ...nothing });
}

/** Where the content store keeps it. */
export function storePath(home: string, sha256: string): string {
  return join(home, 'store', 'sha256', sha256.slice(0, 2), sha256);
}
