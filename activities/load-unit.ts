import type { Database } from '../adapters/postgres/database';
import { loadUnitContext } from '../adapters/postgres/unit-context';
import { loadUnitFacts } from '../adapters/postgres/unit-facts';
import type { LoadedUnit, UnitInput } from './types';

/** Every run of a unit begins here: start, retry, reset and resume are one path. */
export function createLoadUnitActivities({ db }: { db: Database }) {
  return {
    async loadUnit({ unitId }: UnitInput): Promise<LoadedUnit> {
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
        facts: await loadUnitFacts(db, unit),
      };
    },
  };
}
