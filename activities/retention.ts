import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { findCapsule, retireSome, unmovedCapsules } from '../adapters/postgres/capsules';
import type { Database } from '../adapters/postgres/database';
import { exportKeys } from '../adapters/postgres/exports';
import {
  dueGroups,
  endRun,
  erasableCapsules,
  erasableNames,
  eraseCapsule,
  eraseNames,
  openRun,
  planCapsules,
} from '../adapters/postgres/retention';
import {
  CAPSULES_A_RUN,
  dueReport,
  ERASED_A_RUN,
  heldBy,
  type CapsuleReport,
  type DueGroup,
  type DueReport,
  type ErasedCapsule,
  type RetentionReport,
} from '../domain/retention';
import { alive } from './act';
import { requireKept, requireWhole } from './capsule-store';
import { deliverCapsule, isToBeBrought } from './deliver-capsule';
import { removeErased } from './remove-erased';
import type { ExportDeps } from './exports';
import { capsuleProofs } from './capsule-proofs';
import { makeCapsule, type MakeCapsuleDeps } from './make-capsule';
import { protectArchive } from './protect-archive';
import { RunningExports } from './running-exports';
import { verifyCopy, type VerifyCapsuleDeps } from './verify-capsule';

export interface RetentionDeps extends ExportDeps, Pick<MakeCapsuleDeps, 'write'> {
  readonly client: Client;
  /** Opened when the first capsule is moved: the one login that may remove. */
  readonly retentionDb: () => Promise<Database>;
  readonly verify: VerifyCapsuleDeps['verify'];
}

export interface CapsuleOfRun {
  readonly run: string;
  readonly capsule: string;
}

export interface Erasable {
  readonly capsules: ErasedCapsule[];
  /** Capsules beyond those of this run; absent in the histories of runs that had no limit. */
  readonly later?: number;
  readonly names: string[];
}

/** How often it is looked whether an export that somebody else began is over. */
const POLL_MS = 2_000;

/** The steps of a retention run, each safe to run twice. */
export function createRetentionActivities(deps: RetentionDeps) {
  const { client, store, workFolder } = deps;
  const db = deps.exportDb ?? deps.db;
  const signal = (): AbortSignal => Context.current().cancellationSignal;
  const readBack = async ({ run, capsule }: CapsuleOfRun): Promise<void> => {
    const [{ publicKey }, { key: logKey }] = [await deps.exportKey(), await deps.log()];
    const known = await exportKeys(db);
    const publicKeys = [publicKey, ...known.map((one) => one.publicKey)];
    const trusted = {
      publicKeys,
      logKeys: [logKey.text, ...logKey.before, ...logKey.ended],
      logOrigin: logKey.origin,
    };
    const { verify } = deps;
    await verifyCopy({ db, store, workFolder, verify, trusted }, capsule, run, signal());
  };
  return {
    async openRetention(input: { request: string; asOf: string; confirmedBy: string | null }) {
      const { id, clockTrusted, clockDoubt } = await openRun(db, { ...input, asOf: new Date(input.asOf) });
      return { run: id, clockTrusted, clockDoubt };
    },

    /**
     * What the policy lets go by then, whatever stands in its way. A workflow of the version before does not say `bounded`, and
     * takes nothing but groups: all of them.
     */
    async lookForDue({
      asOf,
      bounded,
    }: {
      asOf: string;
      bounded?: boolean;
    }): Promise<DueGroup[] | DueReport> {
      const groups = await alive(() => dueGroups(db, new Date(asOf)));
      return bounded ? dueReport(groups) : groups;
    },

    /** Waits for an export of the buyer that is under way already, if there is one; says whether there was. */
    async awaitExport({ buyer }: { buyer: string }): Promise<boolean> {
      const exports = new RunningExports(client);
      return alive(async () => {
        for (let found = false; ; found = true) {
          if (!(await exports.isOf(buyer))) return found;
          await Context.current().sleep(POLL_MS);
        }
      });
    },

    /**
     * Names the units of new capsules, and all capsules that are not moved yet. One that somebody holds goes no step further.
     */
    async planRetention({ run }: { run: string }): Promise<CapsuleReport[]> {
      return alive(async () => {
        await planCapsules(db, run);
        const capsules = await unmovedCapsules(db, CAPSULES_A_RUN);
        return capsules.map(({ id: capsule, buyer, units, hold }) => ({
          ...{ capsule, buyer, units, step: 'planned' as const, problem: heldBy(hold) },
        }));
      });
    },

    async writeCapsule({ run, capsule, asOf }: CapsuleOfRun & { asOf: string }): Promise<void> {
      const key = await deps.exportKey();
      const { write } = deps;
      const proofs = async () => capsuleProofs(db, await deps.log());
      const of = { id: run, asOf: new Date(asOf) };
      await alive(() => makeCapsule({ db, store, key, workFolder, proofs, write }, capsule, of, signal()));
    },

    async deliverCapsule({ run, capsule }: CapsuleOfRun): Promise<void> {
      await alive(async () => {
        // What leaves the house can't be called back: it is read by the second reader first.
        if (await isToBeBrought({ db }, capsule)) await readBack({ run, capsule });
        await deliverCapsule({ ...deps, db }, capsule, run, { signal: signal() });
      });
    },

    async readCapsuleBack(input: CapsuleOfRun): Promise<void> {
      await alive(() => readBack(input));
    },

    /**
     * Its files are looked at once more, and locked where their place can: days may lie between reading it back and this,
     * while others were brought to their buyers, and what is mended now has no lock yet. A handful of units at a time:
     * whoever adds a legal hold waits for no more.
     */
    async moveCapsule({ run, capsule }: CapsuleOfRun): Promise<void> {
      const retentionDb = await deps.retentionDb();
      await alive(async () => {
        const row = requireKept(await findCapsule(db, capsule));
        if (row.state === 'made')
          await requireWhole({ db, store, workFolder }, row, run, { signal: signal() });
        await protectArchive({ db, store }, capsule, { signal: signal() });
        while ((await retireSome(retentionDb, capsule, run)) > 0) signal().throwIfAborted();
      });
    },

    async lookForErasable({ asOf }: { asOf: string }): Promise<Erasable> {
      const at = new Date(asOf);
      return alive(async () => ({
        ...(await erasableCapsules(db, at, ERASED_A_RUN)),
        names: await erasableNames(db, at),
      }));
    },

    /** The archive's end, as the database has it; what the store has goes by `removeErased`. */
    async eraseArchive({ run, capsule }: CapsuleOfRun): Promise<void> {
      const retentionDb = await deps.retentionDb();
      await alive(() => eraseCapsule(retentionDb, capsule, run));
    },

    /** What nobody needs any more goes from the store, also what a run that broke off has left. */
    async removeErased({ run }: { run: string }): Promise<void> {
      const retentionDb = await deps.retentionDb();
      await alive(() => removeErased({ retentionDb, store }, run, signal()));
    },

    async erasePersonalNames({ run }: { run: string }): Promise<number> {
      return eraseNames(await deps.retentionDb(), run);
    },

    async endRetention({ report }: { report: RetentionReport }): Promise<void> {
      await endRun(db, report.run!, report);
    },
  };
}
