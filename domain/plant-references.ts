import { macPoolProblems } from './mac-pool-references';
import { exportProblems } from './plant-exports';
import { currentScheme, firmwareKey, schemeKey, type PlantFile, type Product } from './plant-document';
import { serialProblems } from './plant-serials';
import { siteProblems } from './plant-sites';
import type { Problem } from './refusal';

/** What a plant whose every field is well formed still gets wrong: names that lead nowhere, or that clash. */
export function referenceProblems(plant: PlantFile): Problem[] {
  return [
    ...duplicates(plant),
    ...plant.products.flatMap((product, at) => productProblems(plant, product, ['products', at])),
    ...firmwareProblems(plant),
    ...serialProblems(plant),
    ...macPoolProblems(plant.macPools),
    ...siteProblems(plant),
    ...stationProblems(plant),
    ...testPlanProblems(plant),
    ...buyerProblems(plant),
    ...plant.buyers.flatMap(({ retentionPolicy }, at) =>
      policyProblems(plant, retentionPolicy, ['buyers', at, 'retentionPolicy']),
    ),
    ...exportProblems(plant.buyers),
  ];
}

type Path = Problem['path'];

function duplicates(plant: PlantFile): Problem[] {
  return [
    ...repeated('sites', 'name', plant.sites ?? [], (one) => one.name),
    ...repeated('products', 'code', plant.products, (one) => one.code),
    ...repeated('products', 'gtin', plant.products, (one) => one.gtin),
    ...repeated('schemes', 'version', plant.schemes, schemeKey),
    ...repeated('macPools', 'name', plant.macPools, (one) => one.name),
    ...repeated('buyers', 'id', plant.buyers, (one) => one.id),
    ...repeated('stations', 'id', plant.stations, (one) => one.id),
    ...repeated('firmwareReleases', 'version', plant.firmwareReleases, firmwareKey),
    ...repeated('testPlans', 'name', plant.testPlans, (one) => one.name),
    ...repeated('labelTemplates', 'name', plant.labelTemplates, (one) => one.name),
    ...repeated('certificateProfiles', 'name', plant.certificateProfiles, (one) => one.name),
    ...repeated('operators', 'number', plant.operators, (one) => String(one.number)),
    ...repeated('retentionPolicies', 'name', plant.retentionPolicies, (one) => one.name),
  ];
}

function repeated<Entry>(
  listName: keyof PlantFile,
  fieldName: string,
  entries: readonly Entry[],
  keyOf: (entry: Entry) => string,
): Problem[] {
  const seen = new Set<string>();
  return entries.flatMap((entry, at) => {
    const key = keyOf(entry);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ path: [listName, at, fieldName], value: key, allowed: 'each one once in its list' }];
  });
}

function productProblems(plant: PlantFile, product: Product, at: Path): Problem[] {
  const { recipe, macs, retentionPolicy } = product;
  return [
    ...schemeProblems(plant, product, 'serialScheme', at),
    ...schemeProblems(plant, product, 'trialScheme', at),
    ...(macs ? unknown([...at, 'macs', 'pool'], macs.pool, names(plant.macPools)) : []),
    ...unknown([...at, 'recipe', 'testPlan'], recipe.testPlan, names(plant.testPlans)),
    ...recipe.labelTemplates.flatMap((template, index) =>
      unknown([...at, 'recipe', 'labelTemplates', index], template, names(plant.labelTemplates)),
    ),
    ...unknown(
      [...at, 'recipe', 'certificateProfile'],
      recipe.certificateProfile,
      names(plant.certificateProfiles),
    ),
    ...policyProblems(plant, retentionPolicy, [...at, 'retentionPolicy']),
  ];
}

function policyProblems(plant: PlantFile, policy: string | undefined, at: Path): Problem[] {
  return policy === undefined ? [] : unknown(at, policy, names(plant.retentionPolicies));
}

function schemeProblems(
  plant: PlantFile,
  product: Product,
  which: 'serialScheme' | 'trialScheme',
  at: Path,
): Problem[] {
  const trial = which === 'trialScheme';
  const path = [...at, which];
  const name = product[which];
  const scheme = currentScheme(plant, name);
  if (scheme?.trial === trial) return [];
  const fitting = plant.schemes.filter((one) => one.trial === trial);
  return [{ path, value: name, allowed: `a scheme with trial: ${trial}: ${choice(names(fitting))}` }];
}

function firmwareProblems(plant: PlantFile): Problem[] {
  const codes = plant.products.map((product) => product.code);
  return plant.firmwareReleases.flatMap((release, at) =>
    unknown(['firmwareReleases', at, 'product'], release.product, codes),
  );
}

function stationProblems(plant: PlantFile): Problem[] {
  return plant.stations.flatMap((station, at) =>
    station.devices.driver === 'virtual-bench' && !station.virtual
      ? [
          {
            path: ['stations', at, 'virtual'],
            value: false,
            allowed: 'true where the driver is virtual-bench: its units are simulated',
          },
        ]
      : [],
  );
}

function testPlanProblems(plant: PlantFile): Problem[] {
  return plant.testPlans.flatMap((plan, planAt) => {
    const seen = new Set<string>();
    return plan.measurements.flatMap((measurement, at): Problem[] => {
      const path = ['testPlans', planAt, 'measurements', at];
      const { name, low, high, nominal } = measurement;
      const problems: Problem[] = [];
      if (seen.has(name)) {
        problems.push({ path: [...path, 'name'], value: name, allowed: 'each measurement once in its plan' });
      }
      seen.add(name);
      if (low > high) {
        problems.push({ path: [...path, 'low'], value: low, allowed: `a number up to high, ${high}` });
      } else if (nominal !== undefined && (nominal < low || nominal > high)) {
        problems.push({
          path: [...path, 'nominal'],
          value: nominal,
          allowed: `a number from low, ${low}, to high, ${high}`,
        });
      }
      return problems;
    });
  });
}

/** Issuers that every plant has: of MAC addresses, and of device certificates. */
const FIXED_ISSUERS = ['ieee', 'device-ca'];

/** A buyer's id is the namespace of its own numbers: it can't be anybody else's. */
function buyerProblems(plant: PlantFile): Problem[] {
  const families = plant.products.map(({ chipFamily }) => chipFamily);
  const others = new Set([plant.manufacturer.issuer, ...FIXED_ISSUERS, ...families]);
  return plant.buyers.flatMap(({ id }, at) =>
    others.has(id)
      ? [
          {
            path: ['buyers', at, 'id'],
            value: id,
            allowed: `an id that is not the manufacturer's issuer, a chip family, ${FIXED_ISSUERS.join(' or ')}`,
          },
        ]
      : [],
  );
}

function unknown(path: Path, value: string, known: readonly string[]): Problem[] {
  return known.includes(value) ? [] : [{ path, value, allowed: choice(known) }];
}

function names(entries: readonly { readonly name: string }[]): string[] {
  return [...new Set(entries.map((entry) => entry.name))];
}

function choice(known: readonly string[]): string {
  const shown = known.slice(0, 10).join(', ');
  if (known.length === 0) return 'one that the plant file holds, and it holds none';
  return `one of ${shown}${known.length > 10 ? ` and ${known.length - 10} more` : ''}`;
}
