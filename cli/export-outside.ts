import type { MadeExport } from '../activities/make-export';
import type { ExportRow } from '../adapters/postgres/exports';
import type { ExportSettings } from '../domain/export-settings';
import { deliverNow, makeAndHandOut, type OfficeExportDeps } from './export-office';
import { say } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

/** Where a reissue or an extract goes: into a folder, over the buyer's SFTP, or nowhere but the store. */
export interface Way {
  readonly to?: string;
  readonly deliver?: boolean;
}

/** Before anything is opened. */
export function requireWay({ deliver = false }: Way, { sftp }: ExportSettings, buyer: string): void {
  if (deliver && sftp === null)
    throw wrongOption(
      '--deliver',
      buyer,
      'a buyer with an SFTP target in the plant file; others get a folder by --to',
    );
}

/**
 * Made, put into the folder that is named, and brought by SFTP where that is asked for. Where that breaks off, the way on
 * is told: the command that opened it would open another one.
 */
export async function sendOutside(
  context: ServerContext,
  deps: OfficeExportDeps,
  id: string,
  way: Way,
): Promise<{ made: MadeExport; row: ExportRow }> {
  try {
    return await send(context, deps, id, way);
  } catch (error) {
    const folder = way.deliver ? '' : ` --to ${way.to ?? 'FOLDER'}`;
    await say(
      context,
      `${id} is opened, and did not arrive: \`unitrail export deliver ${id}${folder}\` goes on.`,
    );
    throw error;
  }
}

async function send(
  context: ServerContext,
  deps: OfficeExportDeps,
  id: string,
  { to, deliver = false }: Way,
): Promise<{ made: MadeExport; row: ExportRow }> {
  const tell = (line: string): void => void say(context, line);
  const done = await makeAndHandOut(deps, id, { to, as: deliver ? 'copied' : 'delivered', tell });
  return deliver ? { ...done, row: await deliverNow(context, deps, id) } : done;
}
