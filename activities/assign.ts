import type { Database } from '../adapters/postgres/database';
import { appendEvent, requestDigest } from '../adapters/postgres/ledger';
import { macPlaceOfUnit } from '../adapters/postgres/batch-ledger';
import { loadUnitContext } from '../adapters/postgres/unit-context';
import { UnitrailError } from '../domain/errors';
import { macRun, parseMacBlock, type MacRunLength } from '../domain/mac-address';
import { standingOf } from '../domain/unit-lifecycle';
import type { Standing, UnitInput } from './types';

/** Step 1. Confirms the claimed serial and adds the unit's MAC addresses: its run in the batch's block. */
export function createAssignActivities({ db }: { db: Database }) {
  return {
    async assign({ unitId }: UnitInput): Promise<Standing> {
      const unit = await loadUnitContext(db, unitId);
      if (unit.state !== 'InProgress' || unit.step !== 'assign') return standingOf(unit);
      const macs = await macsOf(db, unit.batch, unit.index, unit.recipe.product.macs?.count ?? 0);
      return appendEvent(db, unitId, 'assigned', `${unitId}/assign/${unit.attempt}`, {
        ...macs,
        request: requestDigest({ serial: unit.serial, ...macs }),
      });
    },
  };
}

async function macsOf(db: Database, batch: string, index: number, count: number) {
  if (count === 0) return { macBlock: null, macs: [] };
  const place = await macPlaceOfUnit(db, batch, (index - 1) * count);
  if (!place)
    throw new UnitrailError('INTERNAL', `Batch ${batch} has no block of MAC addresses for unit ${index}.`);
  const { block, ordinal } = place;
  const offset = block.firstNumber + ordinal;
  return { macBlock: block.id, macs: macRun(parseMacBlock(block.pattern), offset, count as MacRunLength) };
}
