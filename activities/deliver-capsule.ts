import { bookCapsuleDelivery, capsuleFiles, findCapsule } from '../adapters/postgres/capsules';
import { causeOf, deliveryTurn } from '../adapters/postgres/deliveries';
import { requirePlant } from '../adapters/postgres/plant-store';
import { inTurn } from '../adapters/postgres/turn';
import { deliver } from '../adapters/sftp/deliver';
import { exportSettingsOf } from '../domain/plant-exports';
import {
  filesToDeliver,
  targetText,
  type DeliverExportDeps,
  type DeliverExportOptions,
} from './deliver-export';

/** Where capsules lie in a buyer's folder, each in one of its own: its page and its README know the other files by name. */
const FOLDER = 'capsules';

/**
 * Brings a buyer its copy of a capsule, each try on record with its cause. A repeat is a no-op. Null where the plant file
 * names no server: somebody hands it out.
 * @throws UnitrailError those of a delivery
 */
export async function deliverCapsule(
  deps: DeliverExportDeps,
  id: string,
  run: string,
  options: DeliverExportOptions = {},
): Promise<{ to: string | null }> {
  const { db, store, secrets } = deps;
  const { buyer } = await findCapsule(db, id);
  const sftp = buyer === null ? null : exportSettingsOf(await requirePlant(db), buyer).sftp;
  if (buyer === null || !sftp) {
    await bookCapsuleDelivery(db, id, run, { target: null, failure: null });
    return { to: null };
  }
  const target = `${targetText(sftp)}/${FOLDER}/${id}`;
  await inTurn(db, await deliveryTurn(db, buyer), async () => {
    if ((await findCapsule(db, id)).delivery !== 'due') return;
    const files = (await capsuleFiles(db, id)).filter(({ ownOnly }) => !ownOnly);
    try {
      await deliver(sftp, filesToDeliver(store, files), { secrets, ...options, within: [FOLDER, id] });
    } catch (error) {
      await bookCapsuleDelivery(db, id, run, { target, failure: causeOf(error) }).catch(() => undefined);
      throw error;
    }
    await bookCapsuleDelivery(db, id, run, { target, failure: null });
  });
  return { to: target };
}
