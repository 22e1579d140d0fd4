import type { Command } from 'commander';
import { requirePlant } from '../adapters/postgres/plant-store';
import { writeChunks } from '../adapters/spreadsheet/write-chunks';
import { jsonRow, type Column } from '../domain/columns';
import { currentScheme, type PlantDocument, type Scheme } from '../domain/plant';
import { scopeText } from '../domain/sequence-scope';
import { capacity, parsePattern } from '../domain/serial-scheme';
import { printTable } from './output';
import { schemeGroup } from './scheme-group';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  schemeGroup(program)
    .command('list')
    .description('The serial schemes of the plant in force, and who uses them.')
    .action(() => list(context));
}

async function list(context: ServerContext): Promise<void> {
  const plant = await requirePlant(await context.desk());
  const columns = columnsOf(plant);
  if (!context.json) return printTable(context, plant.schemes, columns);
  await writeChunks(
    context.out,
    plant.schemes.map((scheme) => `${JSON.stringify(jsonRow(columns, scheme))}\n`),
  );
}

function columnsOf(plant: PlantDocument): Column<Scheme>[] {
  return [
    { name: 'name', heading: 'Scheme', kind: 'text', value: ({ name }) => name },
    { name: 'version', heading: 'Version', kind: 'number', value: ({ version }) => version },
    { name: 'pattern', heading: 'Pattern', kind: 'text', value: ({ pattern }) => pattern },
    {
      name: 'counter',
      heading: 'One counter for',
      kind: 'text',
      value: ({ pattern, scope }) => scopeText(parsePattern(pattern), scope),
    },
    {
      name: 'capacity',
      heading: 'Numbers in it',
      kind: 'number',
      value: ({ pattern }) => capacity(parsePattern(pattern)),
    },
    { name: 'trial', heading: 'Trial', kind: 'boolean', value: ({ trial }) => trial },
    {
      name: 'products',
      heading: 'Used by',
      kind: 'text',
      value: (scheme) => productsOf(plant, scheme).join(', '),
      structured: (scheme) => productsOf(plant, scheme),
    },
  ];
}

/** An older version issues for nobody. */
function productsOf(plant: PlantDocument, scheme: Scheme): string[] {
  if (currentScheme(plant, scheme.name) !== scheme) return [];
  return plant.products
    .filter(({ serialScheme, trialScheme }) => [serialScheme, trialScheme].includes(scheme.name))
    .map(({ code }) => code);
}
