import type { PlantFile } from './plant-document';
import type { Problem } from './refusal';

/** What a plant gets wrong about the sites that it shares numbers with. */
export function siteProblems(plant: PlantFile): Problem[] {
  const sites = (plant.sites ?? []).map(({ name }) => name);
  const { site, siteKey } = plant.manufacturer;
  const shared = [
    ...plant.schemes.map(({ lessor }, at) => ({ path: ['schemes', at, 'lessor'], lessor })),
    ...plant.macPools.map(({ lessor }, at) => ({ path: ['macPools', at, 'lessor'], lessor })),
  ].filter(({ lessor }) => lessor !== undefined);
  const isShared = shared.length > 0 || siteKey !== undefined;
  return [
    ...shared
      .filter(({ lessor }) => !sites.includes(lessor!))
      .map(({ path, lessor }) => ({
        path,
        value: lessor,
        allowed: `a name of the list sites: ${sites.join(', ') || 'it has none'}`,
      })),
    ...(isShared && (site === undefined || !sites.includes(site))
      ? [
          {
            path: ['manufacturer', 'site'],
            value: site,
            allowed: `this site's own name in the list sites (${sites.join(', ') || 'it has none'}), because numbers are shared with others`,
          },
        ]
      : []),
  ];
}
