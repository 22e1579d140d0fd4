import { createHash } from 'node:crypto';
import type { StationDevices } from '../adapters/devices/ports';
import type { Database } from '../adapters/postgres/database';
import type { UnitContext } from '../adapters/postgres/unit-context';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';
import { UnitrailError } from '../domain/errors';
import { performAct, type Act } from './act';
import { requireChip, travellerOf } from './own-board';
import type { Standing, StationInput } from './types';

/** Step 2. Binds the board by its chip UID, writes image and identity, reads both back. */
export function createFlashActivities(deps: { db: Database; devices: StationDevices; store: ContentStore }) {
  const { fixture, programmer } = deps.devices;
  return {
    async flash({ unitId, lease }: StationInput): Promise<Standing> {
      return performAct(deps.db, { unitId, part: 'flash', intent: 'flashIntended', lease }, async (act) => {
        const { unit, place } = act;
        await fixture.present(place, travellerOf(unit));
        // 2.1 The board is bound before anything is written to it: from here on its numbers count as applied.
        const chipUid = await programmer.readUid(place);
        await bindBoard(act, chipUid);
        // 2.2 Image and identity.
        const { sha256, version } = unit.recipe.firmware;
        const image = await deps.store.get(parseSha256Hex(sha256));
        await programmer.writeImage(place, image);
        await programmer.writeIdentity(place, { serial: unit.serial, macs: unit.macs });
        // 2.3 What counts is what the board holds, not what was sent.
        checkImage(unit, await programmer.readImage(place, image.length));
        const identity = await readIdentity(act);
        requireChip(act, chipUid, await programmer.readUid(place));
        const request = { chipUid, firmwareSha256: sha256, serial: unit.serial, macs: unit.macs };
        return {
          type: 'flashed',
          request,
          body: { firmwareSha256: sha256, firmwareVersion: version, sizeBytes: image.length, identity },
        };
      });
    },
  };

  async function bindBoard(act: Act, chipUid: string): Promise<void> {
    const { unit } = act;
    if (unit.chipUid) requireChip(act, unit.chipUid, chipUid);
    await act.note('boardBound', 'board', {
      chipUid,
      chipFamily: unit.recipe.product.chipFamily,
      components: unit.lots,
      boardBatch: unit.boardBatch,
      boardLot: unit.boardLot,
    });
  }

  async function readIdentity(act: Act) {
    const { unit, place } = act;
    const identity = await programmer.readIdentity(place);
    if (identity?.serial !== unit.serial || identity.macs.join() !== unit.macs.join()) {
      throw new UnitrailError(
        'IDENTITY_WRITE_FAILED',
        `The identity of unit ${unit.serial} reads back as ${identity?.serial ?? 'nothing'}.`,
        {
          record: { serial: unit.serial, macs: unit.macs },
          found: identity,
        },
      );
    }
    return identity;
  }
}

function checkImage(unit: UnitContext, readBack: Uint8Array): void {
  const found = createHash('sha256').update(readBack).digest('hex');
  if (found === unit.recipe.firmware.sha256) return;
  throw new UnitrailError(
    'FLASH_VERIFY_FAILED',
    `The flash of unit ${unit.serial} does not hold the image that was written.`,
    {
      record: unit.recipe.firmware.sha256,
      found,
    },
  );
}
