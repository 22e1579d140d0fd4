import { Context } from '@temporalio/activity';
import type { ExportKey } from '../adapters/keys/export-keys';
import { openExport, undeliveredExports } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import { exportSettingsOf, lookOf } from '../domain/plant-exports';
import { alive } from './act';
import { deliverExport, type DeliverExportDeps } from './deliver-export';
import { makeExport } from './make-export';

export interface ExportDeps extends DeliverExportDeps {
  /** Read when the first export is made: an office without a key does all else. */
  readonly exportKey: () => Promise<ExportKey>;
  /** Where files are written before the store has them. */
  readonly workFolder: string;
}

/** What reaches a buyer: opened, made and delivered. Each is safe to run twice. */
export function createExportActivities(deps: ExportDeps) {
  const { db, store, workFolder } = deps;
  return {
    /** Takes what is in no export yet into a new one, and names all that are not delivered, in their order. */
    async openExport({
      buyer,
      asOf,
    }: {
      buyer: string;
      asOf: string;
    }): Promise<{ opened: string | null; due: string[] }> {
      const look = lookOf(exportSettingsOf(await requirePlant(db), buyer));
      return alive(async () => {
        const opened = await openExport(db, buyer, { request: `run/${asOf}`, asOf: new Date(asOf), look });
        return { opened, due: await undeliveredExports(db, buyer) };
      });
    },

    /** Writes and signs the files, once: a repeat finds what was made. */
    async makeExport({ export: id }: { export: string }): Promise<void> {
      const key = await deps.exportKey();
      await alive(async () => void (await makeExport({ db, store, key, workFolder }, id)));
    },

    /** Null where the plant file names no server: `unitrail export run --to` hands the files out. */
    async deliverExport({ export: id }: { export: string }): Promise<{ to: string | null }> {
      const signal = Context.current().cancellationSignal;
      return alive(() => deliverExport(deps, id, { signal }));
    },
  };
}
