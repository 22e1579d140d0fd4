import { Context } from '@temporalio/activity';
import type { ExportKey } from '../adapters/keys/export-keys';
import type { LogPlace } from '../adapters/log/log-folder';
import type { Database } from '../adapters/postgres/database';
import { openExport, undeliveredExports, unmadeExports } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import { exportSettingsOf, lookOf } from '../domain/plant-exports';
import { alive } from './act';
import { deliverExport, type DeliverExportDeps } from './deliver-export';
import { makeExport } from './make-export';

export interface ExportDeps extends DeliverExportDeps {
  /** Connections of their own: a delivery holds two for hours, and nothing else has to wait for them. */
  readonly exportDb?: Database;
  /** Read when the first export is made: an office without a key does all else. */
  readonly exportKey: () => Promise<ExportKey>;
  /** The log that an export waits for. */
  readonly log: () => Promise<LogPlace>;
  /** Where files are written before the store has them. */
  readonly workFolder: string;
}

/** What reaches a buyer: opened, made and delivered. Each is safe to run twice. */
export function createExportActivities(deps: ExportDeps) {
  const { store, workFolder } = deps;
  const db = deps.exportDb ?? deps.db;
  return {
    /** Takes what is in no export yet into a new one, and names all that are not delivered, in their order. */
    async openExport({
      buyer,
      asOf,
    }: {
      buyer: string;
      asOf: string;
    }): Promise<{ opened: string | null; due: string[] }> {
      const settings = exportSettingsOf(await requirePlant(db), buyer);
      const look = lookOf(settings);
      return alive(async () => {
        const opened = await openExport(db, buyer, { request: `run/${asOf}`, asOf: new Date(asOf), look });
        // Without a server of the buyer's they are made and handed out by hand: older ones are not this run's.
        const due = settings.sftp ? await undeliveredExports(db, buyer) : await unmadeExports(db, buyer);
        return { opened, due };
      });
    },

    /** Writes and signs the files, once: a repeat finds what was made. */
    async makeExport({ export: id }: { export: string }): Promise<void> {
      const [key, log] = [await deps.exportKey(), await deps.log()];
      const signal = Context.current().cancellationSignal;
      await alive(async () => {
        await makeExport({ db, store, key, log, workFolder }, id, () => signal.throwIfAborted());
      });
    },

    /** Null where the plant file names no server: `unitrail export run --to` hands the files out. */
    async deliverExport({ export: id }: { export: string }): Promise<{ to: string | null }> {
      const signal = Context.current().cancellationSignal;
      return alive(() => deliverExport({ ...deps, db }, id, { signal }));
    },
  };
}
