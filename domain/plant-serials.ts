import { MAX_GS1_SERIAL_LENGTH } from './gs1';
import { currentScheme, schemeKey, type PlantFile, type Product, type Scheme } from './plant-document';
import type { Problem } from './refusal';
import { scopeProblem } from './sequence-scope';
import { hasPart, isOpenEnded, leastLength, parsePattern, type SerialPattern } from './serial-pattern';

type Path = Problem['path'];

/** What schemes whose every field is well formed still get wrong: with each other, the manufacturer and the products. */
export function serialProblems(plant: PlantFile): Problem[] {
  return [
    ...plant.schemes.flatMap((scheme, at) => schemeProblems(plant, scheme, ['schemes', at])),
    ...plant.products.flatMap((product, at) => [
      ...productProblems(plant, product, ['products', at, 'serialScheme']),
      ...productProblems(plant, product, ['products', at, 'trialScheme']),
    ]),
  ];
}

function schemeProblems(plant: PlantFile, scheme: Scheme, at: Path): Problem[] {
  const pattern = parsePattern(scheme.pattern);
  const scope = scopeProblem(pattern, scheme.scope);
  return [
    ...(scope === null ? [] : [{ path: [...at, 'scope'], value: scheme.scope, allowed: scope }]),
    ...nameProblems(plant, scheme, pattern, at),
    ...skipProblems(scheme, pattern, at),
    ...tagProblems(scheme, pattern, at),
    ...twinProblems(plant, scheme, at),
  ];
}

function nameProblems(plant: PlantFile, scheme: Scheme, pattern: SerialPattern, at: Path): Problem[] {
  const { site } = plant.manufacturer;
  const problems: Problem[] = [];
  if (hasPart(pattern, 'site') && site === undefined)
    problems.push({ path: ['manufacturer', 'site'], value: site, allowed: need(scheme, '{site}') });
  if (hasPart(pattern, 'line') !== (scheme.line !== undefined))
    problems.push({ path: [...at, 'line'], value: scheme.line, allowed: lineRule(scheme) });
  return problems;
}

function need(scheme: Scheme, token: string): string {
  return `1 to 8 of A–Z 0–9, because the pattern of ${schemeKey(scheme)} has ${token}`;
}

function lineRule(scheme: Scheme): string {
  return scheme.line === undefined ? need(scheme, '{line}') : 'no line, because the pattern has no {line}';
}

/** Nothing else than letters, digits, - and . is ever a serial: Code 39, file names and certificates take no `*`. */
function skipProblems({ skip = [] }: Scheme, pattern: SerialPattern, at: Path): Problem[] {
  const path = [...at, 'skip'];
  const check = pattern.parts.find((part) => part.kind === 'check')?.scheme;
  const everywhere = skip.find((one) =>
    pattern.parts.some((part) => part.kind === 'literal' && part.text.includes(one)),
  );
  return [
    ...(check?.outputs.includes('*') && !skip.includes('*')
      ? [
          {
            path,
            value: skip.length > 0 ? skip : undefined,
            allowed: `a list with "*", because {check:${check.name}} may give it and no serial may hold it`,
          },
        ]
      : []),
    ...(everywhere === undefined
      ? []
      : [{ path, value: everywhere, allowed: 'texts that do not stand in every serial of the pattern' }]),
  ];
}

function tagProblems({ hidden, ...scheme }: Scheme, pattern: SerialPattern, at: Path): Problem[] {
  if (hidden !== undefined || !hasPart(pattern, 'tag')) return [];
  const allowed = `a key, because the pattern of ${schemeKey(scheme)} has {tag:N}, which is made by it`;
  return [{ path: [...at, 'hidden'], value: hidden, allowed }];
}

/** The registry refuses a serial that was issued; two counters of one pattern would run into each other number by number. */
function twinProblems(plant: PlantFile, scheme: Scheme, at: Path): Problem[] {
  const index = plant.schemes.indexOf(scheme);
  const twin = plant.schemes.find(
    (other, place) =>
      place < index &&
      other.pattern === scheme.pattern &&
      other.line === scheme.line &&
      (other.name !== scheme.name || other.scope !== scheme.scope),
  );
  if (!twin) return [];
  const allowed = `a pattern of its own: ${schemeKey(twin)} issues the same serials by another counter`;
  return [{ path: [...at, 'pattern'], value: scheme.pattern, allowed }];
}

/** Whether the product's own names fit into its serials. A scheme that is not there is reported elsewhere. */
function productProblems(plant: PlantFile, product: Product, path: Path): Problem[] {
  const scheme = currentScheme(plant, product[path.at(-1) as 'serialScheme' | 'trialScheme']);
  if (!scheme) return [];
  const { parts } = parsePattern(scheme.pattern);
  if (parts.some(({ kind }) => kind === 'product') && !/^[A-Z0-9]+$/.test(product.code)) {
    const allowed = `A–Z 0–9 only, because the pattern of ${schemeKey(scheme)} has {product}`;
    return [{ path: [...path.slice(0, -1), 'code'], value: product.code, allowed }];
  }
  const names = { product: product.code, site: plant.manufacturer.site, line: scheme.line };
  const length = parts.reduce(
    (sum, part) => sum + (isOpenEnded(part) ? (names[part.kind as keyof typeof names]?.length ?? 1) - 1 : 0),
    leastLength(parts),
  );
  if (length <= MAX_GS1_SERIAL_LENGTH) return [];
  const allowed = `a scheme whose serials have at most ${MAX_GS1_SERIAL_LENGTH} characters for ${product.code}; these have ${length}`;
  return [{ path, value: scheme.name, allowed }];
}
