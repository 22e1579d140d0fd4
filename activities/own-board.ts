import type { StationDevices } from '../adapters/devices/ports';
import type { UnitContext } from '../adapters/postgres/unit-context';
import { UnitrailError } from '../domain/errors';
import type { Act } from './act';

/** Asks for the unit's board and makes sure that it is the one that was bound: boards do get swapped. */
export async function requireOwnBoard(act: Act, devices: StationDevices): Promise<void> {
  await devices.fixture.present(act.place, travellerOf(act.unit));
  await requireStillOwnBoard(act, devices);
}

/** The same once an act is done whose result nothing later would contradict: it counts for the unit's own board only. */
export async function requireStillOwnBoard(act: Act, { programmer }: StationDevices): Promise<void> {
  requireChip(act, act.unit.chipUid, await programmer.readUid(act.place));
}

export function requireChip({ unit }: Act, bound: string | null, found: string): void {
  if (found === bound) return;
  throw new UnitrailError(
    'IDENTITY_MISMATCH',
    `Unit ${unit.serial} is bound to chip ${bound}, but the board in the slot is chip ${found}. Find its own board, then retry.`,
    { record: bound, found },
  );
}

export function travellerOf(unit: UnitContext) {
  return { unitId: unit.unitId, serial: unit.serial, batch: unit.batch, index: unit.index };
}
