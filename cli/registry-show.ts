import type { Command } from 'commander';
import { readRegistry } from '../adapters/postgres/registry';
import { readWatermarkFile } from '../adapters/registry/watermark';
import type { Column } from '../domain/columns';
import { laggingSpaces, mergedSpaces, spaceName, type RegistryState } from '../domain/watermark';
import { printJson, printLine, printTable } from './output';
import { registryGroup } from './registry-group';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  registryGroup(program)
    .command('show')
    .description(
      'How far each counter is, in the database and in the file outside it. Exits 1 where the database lags.',
    )
    .action(() => show(context));
}

/** What the database and the file say of one counter. */
interface Row {
  readonly space: string;
  readonly database: number | null;
  readonly file: number | null;
  readonly last: number;
}

const columns: readonly Column<Row>[] = [
  { name: 'space', heading: 'Numbers', kind: 'text', value: ({ space }) => space },
  { name: 'database', heading: 'Next in database', kind: 'number', value: ({ database }) => database },
  { name: 'file', heading: 'Next in file', kind: 'number', value: ({ file }) => file },
  { name: 'last', heading: 'Last', kind: 'number', value: ({ last }) => last },
];

async function show(context: ServerContext): Promise<void> {
  const present = await readRegistry(await context.desk());
  const file = context.config().watermark;
  const kept = await readWatermarkFile(file);
  const isOther = kept !== null && kept.registry !== present.registry;
  const lagging = kept === null || isOther ? [] : laggingSpaces(present, kept);
  const isBehind = present.epoch < (kept?.epoch ?? 0) || present.movement < (kept?.movement ?? 0);
  const isGone = kept === null && present.movement > 0;
  const lags = isOther || isGone || isBehind || lagging.length > 0;
  if (lags) context.exitWith(1);
  const rows = rowsOf(present, kept);
  const { registry, epoch } = present;
  if (context.json)
    return printJson(context, { registry, epoch, file: kept && { path: file, ...kept }, lags, spaces: rows });
  await printLine(
    context,
    `Registry ${registry}, epoch ${epoch}. The file outside: ${kept ? file : `${file} (not there yet)`}`,
  );
  await printTable(context, rows, columns);
  if (lags)
    await printLine(
      context,
      isOther
        ? `The file is that of registry ${kept.registry}: nothing is issued.`
        : 'The database is behind the file, or the file is gone: nothing is issued until `unitrail registry advance --by OPERATOR --reason TEXT` has moved the counters.',
    );
}

function rowsOf(present: RegistryState, kept: RegistryState | null): Row[] {
  const next = (state: RegistryState | null, name: string): number | null =>
    state?.spaces.find((space) => spaceName(space) === name)?.next ?? null;
  return mergedSpaces(present.spaces, kept?.spaces ?? []).map((space) => {
    const name = spaceName(space);
    return { space: name, database: next(present, name), file: next(kept, name), last: space.last };
  });
}
