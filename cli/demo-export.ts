import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { exportKeys } from '../adapters/postgres/exports';
import { logKeys } from '../adapters/postgres/log';
import type { Database } from '../adapters/postgres/database';
import { applyPlant, requirePlant } from '../adapters/postgres/plant-store';
import { defaultExportSettings } from '../domain/export-schema';
import type { SftpTarget } from '../domain/export-settings';
import type { PlantDocument } from '../domain/plant';
import { exportScheduleId, taskQueues } from '../domain/workflow-ids';
import { openInbox, type Inbox } from '../tools/inbox/inbox';
import { readKeys } from '../tools/export-verifier/keys';
import type { Report } from '../tools/export-verifier/report';
import { verifyFolder } from '../tools/export-verifier/verify';
import type { ExportDesk } from '../workflows/export-details';
import { ask } from './temporal-errors';

const BUYER = 'acme';
const POLL_MS = 300;

export interface DemoExport {
  /** Whose SFTP server it is. */
  readonly server: Inbox['server'];
  readonly folder: string;
  readonly delivered: readonly string[];
  readonly report: Report;
}

export interface DemoExportInput {
  readonly desk: Database;
  readonly client: Client;
  readonly home: string;
  /** Under it the run is found again. */
  readonly batch: string;
  /** Somebody wants the demo to stop, or a worker died. */
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * The end of the main job: what has shipped goes to the sample's buyer over SFTP, and is verified by what arrived. Null
 * where the plant in force has no such buyer, or one whose exports go elsewhere.
 */
export async function exportDemo(input: DemoExportInput): Promise<DemoExport | null> {
  const { desk, home, say } = input;
  const plant = await requirePlant(desk);
  if (!isOurs(plant, home)) return null;
  const inbox = await openInbox(join(home, 'inbox'));
  try {
    await applyPlant(desk, withTarget(plant, inbox.target));
    say(`SFTP to ${inbox.server} on 127.0.0.1:${inbox.target.port}`);
    const delivered = await deliverAll(input);
    say('Verifying what arrived');
    const keys = readKeys((await exportKeys(desk)).map(({ publicKey }) => publicKey).join('\n'));
    const signedBy = (await logKeys(desk)).map(({ key }) => key);
    // What an older program delivered here has no log.
    const report = await verifyFolder(inbox.folder, { keys, logKeys: signedBy, beforeLog: true });
    return { ...inbox, delivered, report };
  } finally {
    await inbox.close();
  }
}

/** The sample's buyer, whose exports go nowhere yet or came here before. */
function isOurs({ buyers }: PlantDocument, home: string): boolean {
  const buyer = buyers.find(({ id, test }) => id === BUYER && test);
  const sftp = buyer?.export?.sftp ?? null;
  const secret = sftp?.key ?? sftp?.password ?? '';
  return buyer !== undefined && (sftp === null || secret.startsWith(`file:${join(home, 'inbox')}`));
}

function withTarget(plant: PlantDocument, sftp: SftpTarget): PlantDocument {
  const buyers = plant.buyers.map((buyer) =>
    buyer.id === BUYER ? { ...buyer, export: { ...(buyer.export ?? defaultExportSettings()), sftp } } : buyer,
  );
  return { ...plant, buyers };
}

/** Asked again and again, never waited for: what only a person can mend would keep the run waiting for an hour. */
async function deliverAll({ client, batch, stop, say }: DemoExportInput): Promise<readonly string[]> {
  const handle = await ask(client, () =>
    client.workflow.start('export', {
      workflowId: `${exportScheduleId(BUYER)}-${batch}`,
      taskQueue: taskQueues.workflows,
      args: [{ buyer: BUYER }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  );
  for (;;) {
    stop.throwIfAborted();
    const desk = await ask(client, () => handle.query<ExportDesk>('exportProgress'));
    if (desk.failure)
      throw new Error(`${desk.under ?? BUYER}: ${desk.failure.code}: ${desk.failure.message}`);
    if (desk.doing === 'done') return desk.delivered;
    say(desk.under ? `${desk.doing} ${desk.under}` : 'Looking for what the buyer has not been told yet');
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => {});
  }
}
