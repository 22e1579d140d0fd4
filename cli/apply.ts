import type { Command } from 'commander';
import { readPlantFile, type PlantAttachment } from '../adapters/plant/plant-file';
import { applyPlant, planPlant, requirePlant } from '../adapters/postgres/plant-store';
import type { Database } from '../adapters/postgres/database';
import { openStore } from '../adapters/store/open-store';
import { refusalsOf, type PlantDifference } from '../domain/plant';
import { buyerSchedules, reconcileExportSchedules } from '../workers/export-schedules';
import { reconcileRetentionSchedule } from '../workers/retention-schedule';
import { refusedPlant } from './plant-refusal';
import { prepareEmbedded } from './embedded-database';
import { fieldChanges, type FieldChange } from './field-changes';
import { printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';
import { ask } from './temporal-errors';

interface Options {
  readonly dryRun?: boolean;
}

export function register(program: Command, context: ServerContext): void {
  program
    .command('apply')
    .description(
      'Loads a plant file: what is new or changed is shown, and what would break issued identities is refused whole.',
    )
    .argument('<plant.yaml>')
    .option('--dry-run', 'show the difference and change nothing')
    .action((file: string, options: Options) => apply(context, file, options));
}

async function apply(context: ServerContext, file: string, { dryRun = false }: Options): Promise<void> {
  const { document, files } = await readPlantFile(file);
  const db = await context.desk();
  const planned = await planPlant(db, document);
  const changes = changesOf(planned);
  const refusals = refusalsOf(planned);
  if (refusals.length > 0) throw refusedPlant(refusals);
  let version: number | null = null;
  if (!dryRun) {
    // The content first: a plant in force never names a file that the store lacks. Also where nothing else changes, so
    // that applying the file again mends a store.
    await putFiles(context, files);
    ({ version } = await applyPlant(db, document));
    await addStations(
      context,
      document.stations.map(({ id }) => id),
    );
    await keepSchedules(context, db);
  }
  await report(context, { changes, version, dryRun });
}

async function putFiles(context: ServerContext, files: readonly PlantAttachment[]): Promise<void> {
  const store = openStore(context.config().store);
  for (const { bytes } of files) await store.put(bytes);
}

/** On the embedded servers a station's login is made with the station; on given ones `migrate --logins` does it. */
async function addStations(context: ServerContext, stations: readonly string[]): Promise<void> {
  const servers = await context.servers();
  if (servers.stack === null) return;
  await prepareEmbedded(servers, stations);
}

/**
 * Last: what is in force is in force, and applying the file again does what Temporal missed. Where no buyer has a
 * schedule it can only be that an old one is left: no reason to fail.
 */
async function keepSchedules(context: ServerContext, db: Database): Promise<void> {
  const wanted = await buyerSchedules(db);
  const { retention } = await requirePlant(db);
  try {
    const client = await context.temporal();
    await ask(client, () => reconcileExportSchedules(client, wanted));
    await ask(client, () => reconcileRetentionSchedule(client, retention));
  } catch (error) {
    if (retention !== undefined || wanted.some(({ when }) => when !== null)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    await say(context, `Whether an old schedule is left could not be asked: ${why}`);
  }
}

interface Change {
  readonly change: 'added' | 'changed' | 'removed';
  readonly kind: string;
  readonly name: string;
  readonly fields: readonly FieldChange[];
}

function changesOf(difference: PlantDifference): Change[] {
  return difference.flatMap(({ change, kind, name, before, after }) =>
    change === 'same'
      ? []
      : [{ change, kind, name, fields: change === 'changed' ? fieldChanges(before, after) : [] }],
  );
}

interface Report {
  readonly changes: readonly Change[];
  readonly version: number | null;
  readonly dryRun: boolean;
}

async function report(context: ServerContext, told: Report): Promise<void> {
  if (context.json) return printJson(context, { applied: told.version !== null, ...told });
  for (const { change, kind, name, fields } of told.changes) {
    await printLine(context, `${marks[change]} ${kind} ${name} ${change}`);
    for (const { field, before, after } of fields)
      await printLine(context, `    ${field}: ${shown(before)} → ${shown(after)}`);
  }
  await printLine(context, summary(told));
}

const marks = { added: '+', changed: '~', removed: '-' } as const;

function summary({ changes, version, dryRun }: Report): string {
  if (changes.length === 0) return 'No change: this is what is in force.';
  const counts = (['added', 'changed', 'removed'] as const)
    .map((kind) => ({ kind, count: changes.filter(({ change }) => change === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count} ${kind}`)
    .join(', ');
  return dryRun ? `Dry run: ${counts}; nothing was changed.` : `Applied as version ${version}: ${counts}.`;
}

const MAX_SHOWN = 100;

function shown(value: unknown): string {
  const text = value === undefined ? '(none)' : JSON.stringify(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
