import type { Database } from '../adapters/postgres/database';
import { openHoldOf } from '../adapters/postgres/holds';
import { releaseSlot } from '../adapters/postgres/ledger';
import { loadUnitContext, type UnitContext } from '../adapters/postgres/unit-context';
import { loadUnitFacts } from '../adapters/postgres/unit-facts';
import type { UnitState } from '../domain/unit-lifecycle';
import type { LoadedUnit, UnitInput } from './types';

interface LoadInput extends UnitInput {
  /** The workflow has read the facts of its page before. */
  readonly page?: 'known';
}

/** Where a unit comes by steps that its workflow saw: the history, which is long by then, says no more to its page. */
const goodStates: readonly UnitState[] = ['ReadyToShip', 'Packed', 'Shipped'];

/** Every run of a unit begins here: start, retry, reset and resume are one path. */
export function createLoadUnitActivities({ db }: { db: Database }) {
  return {
    async loadUnit({ unitId, page }: LoadInput): Promise<LoadedUnit> {
      const unit = await loadUnitContext(db, unitId);
      const loaded = await standingWithHold(db, unit);
      if (page === 'known' && goodStates.includes(unit.state)) return loaded;
      return { ...loaded, facts: await loadUnitFacts(db, unit) };
    },

    /** A unit on quality hold gives its slot to another, and says whether the hold is still open. */
    async standAside({ unitId }: UnitInput): Promise<LoadedUnit> {
      await releaseSlot(db, unitId);
      return standingWithHold(db, await loadUnitContext(db, unitId));
    },
  };
}

async function standingWithHold(db: Database, unit: UnitContext): Promise<LoadedUnit> {
  const { unitId, chipUid, serial, state, step, attempt, seq, batch, trial, failureCode } = unit;
  return {
    unitId,
    serial,
    state,
    step,
    attempt,
    seq,
    batch,
    product: unit.recipe.product.code,
    trial,
    failureCode,
    hold: await openHoldOf(db, unitId),
    chipUid,
    firmware: unit.recipe.firmware.version,
  };
}
