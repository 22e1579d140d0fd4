import { basename } from 'node:path';
import { Option, type Command } from 'commander';
import { adoptUnits, type AdoptionHead, type UnitsToAdopt } from '../adapters/postgres/adoptions';
import { requirePlant } from '../adapters/postgres/plant-store';
import type { Database } from '../adapters/postgres/database';
import { createSchemeKeys, type SchemeKeys } from '../adapters/keys/scheme-keys';
import { createWatermark, readWatermarkFile, type Watermark } from '../adapters/registry/watermark';
import { openTableFile, type TableFile } from '../adapters/spreadsheet/table-file';
import { AdoptedNumbers } from '../domain/adopted-numbers';
import { AdoptedPools } from '../domain/adopted-pools';
import { readAdoptedUnits } from '../domain/adopted-rows';
import { UnitrailError } from '../domain/errors';
import { LeasedNumbersAway, type KeysHere } from '../domain/leased-away';
import { ProblemList } from '../domain/number-list';
import type { PlantDocument, Scheme } from '../domain/plant-document';
import { plainText } from '../domain/plain-text';
import { importGroup } from './import-group';
import { historyReport } from './import-history-report';
import { readOperator } from './operator-option';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly scheme?: string;
  readonly issuer?: string;
  readonly by: string;
  readonly sheet?: string;
  readonly dryRun?: boolean;
}

const MAX_TOLD = 20;

export function register(program: Command, context: ServerContext): void {
  importGroup(program)
    .command('history')
    .description(
      'Adopts units that were made before Unitrail, from columns `serial`, `state`, `macs`, `chipUid` and any facts: their numbers are never issued again.',
    )
    .argument('<file>', 'a .csv or .xlsx file with headings in its first row')
    .addOption(
      new Option('--scheme <name>', 'the scheme of the plant that made the serials').conflicts('issuer'),
    )
    .option('--issuer <issuer>', 'whose serials they are, where they are of no scheme of yours')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option('--sheet <name>', 'the sheet, where there are several')
    .option('--dry-run', 'check and report everything, and change nothing')
    .action((file: string, options: Options) => importHistory(context, file, options));
}

async function importHistory(context: ServerContext, file: string, options: Options): Promise<void> {
  const table = await openTableFile(file, options);
  try {
    const db = await context.desk();
    const plant = await requirePlant(db);
    const origin = originOf(plant, options);
    const head = await headOf(file, table, origin, options);
    const keys = await keysOfShared(plant, createSchemeKeys(context.env));
    const units = unitsOf(table, head, plant, { schemes: origin.schemes, keys });
    const watermark = await watermarkHere(db, context.config().watermark);
    await watermark?.check();
    const outcome = await adoptUnits(db, head, units, options.dryRun ?? false);
    // Counters moved: a backup that is older than this has to be noticed, whether a batch was opened since or not.
    if (outcome.outcome === 'adopted') await watermark?.keep();
    await historyReport(context, head, outcome, units.numbers);
  } finally {
    await table.close();
  }
}

/** Null on a machine that does not have the registry's file: the office brings it up to date at its next grant. */
async function watermarkHere(db: Database, file: string): Promise<Watermark | null> {
  return (await readWatermarkFile(file)) === null ? null : createWatermark({ db, file });
}

interface Origin {
  readonly issuer: string;
  readonly scheme: string | null;
  /** All versions of the scheme. */
  readonly schemes: readonly Scheme[];
}

function originOf({ manufacturer, buyers, schemes }: PlantDocument, options: Options): Origin {
  const { scheme, issuer } = options;
  if (scheme !== undefined) {
    const versions = schemes.filter(({ name }) => name === scheme);
    if (versions.length > 0) return { issuer: manufacturer.issuer, scheme, schemes: versions };
    throw wrongOption(
      '--scheme',
      scheme,
      `a scheme of the plant in force: ${told(schemes.map(({ name }) => name))}`,
    );
  }
  const issuers = [manufacturer.issuer, ...buyers.map(({ id }) => id)];
  if (issuer !== undefined && issuers.includes(issuer)) return { issuer, scheme: null, schemes: [] };
  const allowed = `the manufacturer or a buyer of the plant in force: ${told(issuers)}`;
  if (issuer !== undefined) throw wrongOption('--issuer', issuer, allowed);
  throw new UnitrailError('INPUT_INVALID', 'Say whose serials they are: --scheme NAME, or --issuer ISSUER.');
}

/** Of schemes that other sites may hold numbers of: without its key nobody can say which number a hidden serial has. */
async function keysOfShared({ schemes }: PlantDocument, keys: SchemeKeys): Promise<KeysHere> {
  const places = schemes.flatMap(({ lessor, hidden }) => (lessor && hidden ? [hidden.key] : []));
  return new Map(await Promise.all(places.map(async (place) => [place, await keys.find(place)] as const)));
}

function told(names: readonly string[]): string {
  return [...new Set(names)].slice(0, MAX_TOLD).join(', ');
}

async function headOf(
  file: string,
  table: TableFile,
  { issuer, scheme }: Origin,
  { sheet, by }: Options,
): Promise<AdoptionHead> {
  const part = sheet === undefined ? 'all' : word(`sheet ${sheet}`);
  return { issuer, scheme, source: word(basename(file)), sha256: await table.sha256(), part, by };
}

/** What stands in an event has no control characters, and no bar. */
function word(text: string): string {
  return plainText(text, 200).replaceAll('|', '\u00a6');
}

function unitsOf(
  table: TableFile,
  { issuer, sha256 }: AdoptionHead,
  plant: PlantDocument,
  { schemes, keys }: { schemes: readonly Scheme[]; keys: KeysHere },
): UnitsToAdopt {
  const problems = new ProblemList();
  const shared = issuer === plant.manufacturer.issuer ? plant.schemes : [];
  const families = new Set(plant.products.map(({ chipFamily }) => chipFamily));
  const familyOf = new Map(plant.products.map(({ code, chipFamily }) => [code, chipFamily]));
  return {
    chunks: readAdoptedUnits(table, { families, familyOf }, problems),
    place: table.place,
    problems,
    numbers: new AdoptedNumbers(schemes, issuer, Date.now()),
    pools: new AdoptedPools(plant.macPools),
    away: (leases) => new LeasedNumbersAway(leases, shared, keys),
    judge: async () => {
      problems.refuse('The file, of which nothing was adopted,');
      if ((await table.sha256()) !== sha256)
        throw new UnitrailError(
          'INPUT_INVALID',
          'The file was changed while it was read. Nothing was adopted.',
        );
    },
  };
}
