import type { Database } from '../adapters/postgres/database';
import { openHoldOf } from '../adapters/postgres/holds';
import { releaseSlot } from '../adapters/postgres/ledger';
import { loadUnitContext } from '../adapters/postgres/unit-context';
import { loadUnitFacts } from '../adapters/postgres/unit-facts';
import type { LoadedUnit, UnitInput } from './types';

/** Every run of a unit begins here: start, retry, reset and resume are one path. */
export function createLoadUnitActivities({ db }: { db: Database }) {
  return {
    async loadUnit({ unitId }: UnitInput): Promise<LoadedUnit> {
      return load(db, unitId);
    },

    /** A unit on quality hold gives its slot to another, and says whether the hold is still open. */
    async standAside({ unitId }: UnitInput): Promise<LoadedUnit> {
      await releaseSlot(db, unitId);
      return load(db, unitId);
    },
  };
}

async function load(db: Database, unitId: string): Promise<LoadedUnit> {
  const unit = await loadUnitContext(db, unitId);
  const { serial, state, step, attempt, seq, batch, trial, failureCode } = unit;
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
    facts: await loadUnitFacts(db, unit),
  };
}
