import { InvalidArgumentError, type Command } from 'commander';
import { createSchemeKeys } from '../adapters/keys/scheme-keys';
import { readPlantFile } from '../adapters/plant/plant-file';
import { nextSerialNumber, pinnedFingerprint } from '../adapters/postgres/number-spaces';
import { requirePlant } from '../adapters/postgres/plant-store';
import { grantFacts } from '../domain/grant-facts';
import { guessText } from '../domain/guess-chance';
import { withHidden } from '../domain/hidden-sequence';
import type { KeyedHash } from '../domain/permutation';
import { currentScheme, type PlantDocument, type Product, type Scheme } from '../domain/plant';
import { requireKey } from '../domain/scheme-key';
import { previewScheme, type SchemePreview } from '../domain/scheme-preview';
import { scopeKey } from '../domain/sequence-scope';
import { parsePattern } from '../domain/serial-scheme';
import { printJson, printLine } from './output';
import { schemeGroup } from './scheme-group';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly version?: number;
  readonly product?: string;
  readonly need?: number;
  readonly plant?: string;
}

export function register(program: Command, context: ServerContext): void {
  schemeGroup(program)
    .command('preview')
    .description(
      'What comes of a serial scheme: first, next and last serial, capacity, errors noticed, warnings.',
    )
    .argument('<name>', 'of a scheme, such as EUDV')
    .option('--version <number>', 'a version; without it the one that issues', wholeNumber)
    .option('--product <code>', 'whose facts the example has; without it the first that uses the scheme')
    .option('--need <units>', 'warn where one counter has fewer serials left', wholeNumber)
    .option('--plant <file>', 'a plant file that is not applied yet; no database is asked')
    .action((name: string, options: Options) => preview(context, name, options));
}

async function preview(context: ServerContext, name: string, options: Options): Promise<void> {
  const plant = await plantOf(context, options);
  const scheme = findScheme(plant, name, options);
  const facts = grantFacts(plant, findProduct(plant, scheme, options), scheme, Date.now());
  const scope = scopeKey(parsePattern(scheme.pattern), scheme.scope, facts);
  const nextNumber =
    options.plant === undefined
      ? await nextSerialNumber(await context.desk(), scheme.name, scope)
      : undefined;
  const hash = await findHash(context, scheme, options);
  const shown = previewScheme({
    ...{ scheme, facts: withHidden(facts, scheme, scope) },
    ...(hash && { hash }),
    ...(nextNumber !== undefined && { nextNumber }),
    ...(options.need !== undefined && { need: options.need }),
  });
  await (context.json ? printJson(context, shown) : printLine(context, pageOf(shown)));
}

/** Null where the sequence is not hidden, or where its key is not here: only the office needs it. */
async function findHash(
  context: ServerContext,
  { hidden, name, version }: Scheme,
  { plant }: Options,
): Promise<KeyedHash | null> {
  const hash = hidden ? await createSchemeKeys(context.env).find(hidden.key) : null;
  if (!hidden || hash === null || plant !== undefined) return hash;
  const fingerprint = await pinnedFingerprint(await context.desk(), { name, version });
  if (fingerprint !== null)
    requireKey({ key: hidden.key, space: name, fingerprint }, hash, `scheme ${name}/${version}`);
  return hash;
}

async function plantOf(context: ServerContext, { plant }: Options): Promise<PlantDocument> {
  if (plant === undefined) return requirePlant(await context.desk());
  return (await readPlantFile(plant)).document;
}

function findScheme(plant: PlantDocument, name: string, { version }: Options): Scheme {
  const versions = plant.schemes.filter((scheme) => scheme.name === name);
  const known = [...new Set(plant.schemes.map((scheme) => scheme.name))].join(', ');
  if (versions.length === 0) throw wrongOption('scheme', name, `one of ${known}`);
  if (version === undefined) return currentScheme(plant, name)!;
  const found = versions.find((scheme) => scheme.version === version);
  if (found) return found;
  throw wrongOption('--version', version, `one of ${versions.map((scheme) => scheme.version).join(', ')}`);
}

/** A scheme that no product uses yet is shown with the first product's facts. */
function findProduct(plant: PlantDocument, { name }: Scheme, { product: code }: Options): Product {
  if (code === undefined) {
    const user = plant.products.find(
      ({ serialScheme, trialScheme }) => serialScheme === name || trialScheme === name,
    );
    return user ?? plant.products[0]!;
  }
  const found = plant.products.find((product) => product.code === code);
  if (found) return found;
  throw wrongOption('--product', code, `one of ${plant.products.map((product) => product.code).join(', ')}`);
}

function pageOf(shown: SchemePreview): string {
  const each = shown.counter === 'ever' ? 'for ever' : `for each ${shown.counter}`;
  const none = shown.hidden?.keyIsHere === false ? 'hidden, and the key is not here' : 'none';
  const rows: [label: string, text: string][] = [
    ['pattern', shown.pattern],
    ['in words', shown.words.join(' · ')],
    ['counter', `one ${each}${shown.scope === '' ? '' : `; now ${shown.scope}`}`],
    ['first', shown.first ?? none],
    ['next', shown.next ?? (shown.left === null ? 'not asked of the database' : none)],
    ['last', shown.last ?? none],
    [
      'capacity',
      `${shown.capacity} numbers ${each}${shown.left === null ? '' : `, ${shown.left} of them left`}`,
    ],
    ['skipped', percent(shown.skippedShare)],
    [
      'noticed',
      `${percent(shown.noticed.substitutions)} of wrong characters, ${percent(shown.noticed.swaps)} of swapped neighbours`,
    ],
    ['fits', fitText(shown)],
    ...guessRows(shown),
  ];
  return [
    `Scheme ${shown.scheme}${shown.trial ? ', for trials' : ''}`,
    ...rows.map(([label, text]) => `  ${label.padEnd(9)} ${text}`),
    'Worth knowing',
    ...shown.warnings.map((warning) => `  - ${warning}`),
  ].join('\n');
}

function guessRows({ hidden }: SchemePreview): [label: string, text: string][] {
  if (hidden === null) return [];
  const chance = guessText(hidden.guessChance);
  return [
    ['guessed', `a made-up serial is that of a unit ${chance}, at most; numbers are hidden by ${hidden.key}`],
  ];
}

function fitText({ fits, length }: SchemePreview): string {
  const sets = [
    ...(fits.gs1Ai21 ? [`GS1 AI 21 (${length} of 20 characters)`] : []),
    ...(fits.code39 ? ['Code 39'] : []),
  ];
  return sets.join(', ') || 'nothing that is printed';
}

/** Never rounded to all or nothing where it is not. */
function percent(share: number): string {
  const rounded = (100 * share).toFixed(1);
  if (share > 0 && share < 1 && (rounded === '0.0' || rounded === '100.0')) {
    return rounded === '0.0' ? 'under 0.1 %' : 'over 99.9 %';
  }
  return `${rounded.replace(/\.0$/, '')} %`;
}

function wholeNumber(text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 1 is needed');
}
