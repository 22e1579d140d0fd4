import { parseShape } from './parsing';
import type { PlantFile } from './plant-document';
import { referenceProblems } from './plant-references';
import { plantSchema } from './plant-schema';
import { refusal, type Locate } from './refusal';

export * from './plant-document';
export { comparePlant, refusalsOf } from './plant-comparison';
export type { Issued, PlantChange, PlantDifference, PlantKind } from './plant-comparison';

export const plantKind = { code: 'PLANT_INVALID', title: 'The plant file' } as const;

/**
 * The plant file, complete with its defaults, and consistent in itself. Files that it names are not opened here.
 * @throws UnitrailError PLANT_INVALID with every problem in one message: field, value and what is allowed.
 *   Names are compared once all fields are well formed.
 */
export function parsePlant(input: unknown, locate?: Locate): PlantFile {
  const plant: PlantFile = parseShape(plantKind, plantSchema, input, locate);
  const problems = referenceProblems(plant);
  if (problems.length > 0) throw refusal(plantKind.code, plantKind.title, problems, locate);
  return plant;
}
