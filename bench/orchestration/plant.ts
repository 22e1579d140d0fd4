import type { PlantDocument } from '../../domain/plant-document';
import { named } from '../../domain/plant-document';
import type { BenchSetting } from './no-op-bench';

/** The sample plant with a block of MAC addresses for millions of units, and as many slots as the window has places. */
export function largePlant(sample: PlantDocument, slots: number): PlantDocument {
  return {
    ...sample,
    macPools: sample.macPools.map((pool) => ({ ...pool, block: '70:B3:D5:00:00:00/24' })),
    stations: sample.stations.map((station) => ({ ...station, slots })),
  };
}

/** What the no-op bench has to know of a product, so that its boards pass. */
export function settingOf(plant: PlantDocument, code: string, fails: BenchSetting['fails']): BenchSetting {
  const product = plant.products.find((candidate) => candidate.code === code)!;
  const { measurements } = named(plant.testPlans, product.recipe.testPlan);
  return {
    gtin: product.gtin,
    values: new Map(measurements.map(({ name, low, high }) => [name, (low + high) / 2])),
    fails,
  };
}
