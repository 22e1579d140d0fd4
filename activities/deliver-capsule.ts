import {
  abandonCapsule,
  bookCapsuleDelivery,
  capsuleFiles,
  findCapsule,
} from '../adapters/postgres/capsules';
import type { Database } from '../adapters/postgres/database';
import { causeOf, deliveryTurn } from '../adapters/postgres/deliveries';
import { requirePlant } from '../adapters/postgres/plant-store';
import { inTurn } from '../adapters/postgres/turn';
import { deliver } from '../adapters/sftp/deliver';
import { capsuleFiles as names } from '../domain/capsule';
import { UnitrailError } from '../domain/errors';
import type { SftpTarget } from '../domain/export-settings';
import { exportSettingsOf } from '../domain/plant-exports';
import { NEXT_NUMBER, requireKept } from './capsule-store';
import {
  filesToDeliver,
  targetText,
  type DeliverExportDeps,
  type DeliverExportOptions,
} from './deliver-export';

/** Where capsules lie in a buyer's folder, each in one of its own: its page and its README know the other files by name. */
const FOLDER = 'capsules';

/** Whether there is a server to bring it to, as the plant file is now. */
export async function isToBeBrought({ db }: Pick<DeliverExportDeps, 'db'>, id: string): Promise<boolean> {
  const { buyer, delivery } = await findCapsule(db, id);
  return delivery !== 'delivered' && (await serverOf(db, buyer)) !== null;
}

async function serverOf(db: Database, buyer: string | null): Promise<SftpTarget | null> {
  return buyer === null ? null : exportSettingsOf(await requirePlant(db), buyer).sftp;
}

/**
 * Brings a buyer its copy of a capsule that was read back in this run, each try on record with its cause. A repeat is a
 * no-op. Null where the plant file names no server: somebody hands it out. That is no last word before it has moved.
 * Where another capsule of its name lies at the buyer's, it is given up: its units go into one of another name.
 * @throws UnitrailError NOT_ALLOWED, and those of a delivery
 */
export async function deliverCapsule(
  deps: DeliverExportDeps,
  id: string,
  run: string,
  options: DeliverExportOptions = {},
): Promise<{ to: string | null }> {
  const { db, store, secrets } = deps;
  const { buyer, delivery, verifiedIn } = requireKept(await findCapsule(db, id));
  const sftp = await serverOf(db, buyer);
  if (buyer === null || sftp === null) {
    await bookCapsuleDelivery(db, id, run, { target: null, failure: null });
    return { to: null };
  }
  const target = `${targetText(sftp)}/${FOLDER}/${id}`;
  if (delivery === 'delivered') return { to: target };
  if (!verifiedIn.includes(run))
    throw new UnitrailError(
      'NOT_ALLOWED',
      `Nobody has read capsule ${id} back in run ${run}: nothing of it goes out before.`,
    );
  await inTurn(db, await deliveryTurn(db, buyer), async () => {
    // Another run may have brought it, or moved it as one that nobody is to be brought.
    const now = requireKept(await findCapsule(db, id));
    if (now.state !== 'made' || now.delivery === 'delivered') return;
    const files = (await capsuleFiles(db, id)).filter(({ ownOnly }) => !ownOnly);
    try {
      await deliver(sftp, filesToDeliver(store, files), { secrets, ...options, within: [FOLDER, id] });
    } catch (error) {
      await bookCapsuleDelivery(db, id, run, { target, failure: causeOf(error) }).catch(() => undefined);
      throw isNameTaken(error) ? await underAnotherName(db, id, run, error) : error;
    }
    await bookCapsuleDelivery(db, id, run, { target, failure: null });
    // Given up while it was on its way: the buyer has it, which is on record, and its units go into another one.
    requireKept(await findCapsule(db, id));
  });
  return { to: target };
}

/** A manifest of other bytes is that of another capsule: one of a state of this database that was lost. */
function isNameTaken(error: unknown): error is UnitrailError {
  if (!(error instanceof UnitrailError) || error.code !== 'SFTP_FILE_CONFLICT') return false;
  const conflicts = (error.detail.conflicts ?? []) as readonly { readonly name: string }[];
  return conflicts.some(({ name }) => name === names.manifest);
}

async function underAnotherName(
  db: Database,
  id: string,
  run: string,
  error: UnitrailError,
): Promise<UnitrailError> {
  const message = `The buyer has another capsule of the name ${id}, which was delivered before this database was restored, or by somebody else. Nothing was overwritten.`;
  if (!(await abandonCapsule(db, id, run, { code: error.code, message }))) return error;
  return new UnitrailError(error.code, `${message} This one was given up: ${NEXT_NUMBER}`, error.detail, {
    cause: error,
  });
}
