import type { Command } from 'commander';
import { stringify } from 'yaml';
import { requirePlant } from '../adapters/postgres/plant-store';
import type { PlantDocument, Product } from '../domain/plant';
import { batchGroup } from './batch-group';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('template')
    .description('An order for the product, ready to be filled in, with what the plant in force allows.')
    .argument('<product>', 'its code, such as EUDV')
    .action((code: string) => template(context, code));
}

async function template(context: ServerContext, code: string): Promise<void> {
  const plant = await requirePlant(await context.desk());
  const product = plant.products.find((candidate) => candidate.code === code);
  if (!product)
    throw wrongOption('product', code, `one of ${plant.products.map((one) => one.code).join(', ')}`);
  const releases = releasesOf(plant, product);
  await (context.json
    ? printJson(context, emptyOrder(product, releases))
    : printLine(context, orderText(plant, product, releases)));
}

/** The newest first, as versions are compared: 1.10.0 is newer than 1.9.0. */
function releasesOf(plant: PlantDocument, { code }: Product): string[] {
  const versions = plant.firmwareReleases
    .filter(({ product }) => product === code)
    .map(({ version }) => version);
  return versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

/** What is null has to be filled in. */
function emptyOrder(product: Product, releases: readonly string[]) {
  return {
    batch: null,
    order: null,
    product: product.code,
    quantity: null,
    firmware: releases[0] ?? null,
    boardBatch: null,
    boardLot: null,
    components: Object.fromEntries(product.criticalComponents.map((position) => [position, []])),
    serials: 'scheme',
    attributes: {},
  };
}

function orderText(plant: PlantDocument, product: Product, releases: readonly string[]): string {
  const buyers = plant.buyers.map(({ id }) => id).join(', ');
  const rows: [text: string, comment: string][] = [
    ['batch:', 'the id of this batch; an id is used once'],
    ['order:', "the buyer's purchase order"],
    ['# orderQuantity:', 'ceiling over all batches of the order; the first one sets it'],
    [`product: ${scalar(product.code)}`, product.name],
    ['quantity:', 'how many units'],
    ['# buyer:', `one of ${buyers || '(none yet)'}; may wait until the shipment`],
    ['# destination:', 'a country by ISO 3166-1, such as DE; may wait until the shipment'],
    ['# buyerPart:', "the buyer's own part number"],
    [
      `firmware:${releases[0] === undefined ? '' : ` ${scalar(releases[0])}`}`,
      `one of ${releases.join(', ') || '(none yet)'}`,
    ],
    ['boardBatch:', 'of the bare boards'],
    ['boardLot:', ''],
    [
      product.criticalComponents.length > 0 ? 'components:' : 'components: {}',
      'lots by position, those of the start; they change with `unitrail batch lots`',
    ],
    ...product.criticalComponents.map((position): [string, string] => [
      `  ${scalar(position)}: []`,
      'one lot or several: [LOT-1, LOT-2]',
    ]),
    ['serials: scheme', "the product's own"],
    ['# cartonSize:', cartonText(product)],
    ['# ship: byHand', 'it waits for `unitrail shipment`; otherwise it ships by itself when it has ended'],
    ['# priority: 0', 'who gets a slot first, -9 to 9: each step is worth ten minutes of waiting'],
    ['attributes: {}', 'free text into record and export, such as { revision: C }'],
  ];
  const head = `# An order for ${product.code}. Fill in what is empty, then: unitrail batch start FILE`;
  return [
    head,
    ...rows.map(([text, comment]) => (comment === '' ? text : `${text.padEnd(20)} # ${comment}`)),
  ].join('\n');
}

/** Quoted where YAML would read something else than text. */
function scalar(text: string): string {
  return stringify(text, { version: '1.2' }).trim();
}

function cartonText({ cartonSize }: Product): string {
  return `units in a carton; otherwise ${cartonSize === undefined ? 'one carton takes all' : `${cartonSize}, as the product says`}`;
}
