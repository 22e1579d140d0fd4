import type { Command } from 'commander';
import { listBatches } from '../adapters/postgres/batch-queries';
import { requirePlant } from '../adapters/postgres/plant-store';
import { UnitrailError } from '../domain/errors';
import { steps } from '../domain/unit-lifecycle';
import { taskQueues } from '../domain/workflow-ids';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

const NEWEST_BATCHES = 5;
/** Those that a line sees; each link's query can be edited in the web UI. */
const usualCodes = [
  'TEST_FAILED',
  'DEVICE_NOT_RESPONDING',
  'FLASH_VERIFY_FAILED',
  'STATION_OFFLINE',
  'LABEL_UNREADABLE',
  'PRINT_UNKNOWN',
  'QUALITY_MISMATCH',
];

export interface Link {
  readonly topic: string;
  readonly name: string;
  readonly url: string;
}

export function register(program: Command, context: ServerContext): void {
  program
    .command('links')
    .description('Deep links into the Temporal web UI: held units, by batch, step, cause and station.')
    .option('--ui <url>', 'where the web UI is (or TEMPORAL_UI_URL); the embedded one is known')
    .action(({ ui }: { ui?: string }) => show(context, ui));
}

async function show(context: ServerContext, given: string | undefined): Promise<void> {
  const typed = given ?? context.env.TEMPORAL_UI_URL;
  const base = typed === undefined ? null : readUrl(given === undefined ? 'TEMPORAL_UI_URL' : '--ui', typed);
  const servers = await context.servers();
  const ui = base ?? servers.temporalUi;
  if (ui === null) {
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      '--ui: (missing) is not allowed; the URL of the Temporal web UI of your server, here or in TEMPORAL_UI_URL',
    );
  }
  const db = await context.desk();
  const batches = await listBatches(db, NEWEST_BATCHES);
  const { stations } = await requirePlant(db);
  const links = linksOf(ui, servers.temporal.namespace, {
    batches: batches.map(({ batch }) => batch),
    stations: stations.map(({ id }) => id),
  });
  if (context.json) return printJson(context, links);
  for (const [at, { topic, name, url }] of links.entries()) {
    if (links[at - 1]?.topic !== topic) await printLine(context, topic);
    await printLine(context, `  ${name.padEnd(22)} ${url}`);
  }
}

interface Line {
  readonly batches: readonly string[];
  readonly stations: readonly string[];
}

/** The queries use search attributes that the workflows set; a held unit is one that waits for an engineer. */
export function linksOf(ui: string, namespace: string, { batches, stations }: Line): Link[] {
  const page = `${ui.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  const list = (topic: string, name: string, query: string): Link => ({
    topic,
    name,
    url: `${page}?query=${encoded(query)}`,
  });
  const held = 'UnitState="AwaitingEngineer" AND ExecutionStatus="Running"';
  const form = (workflowType: string): string =>
    `${page}/start-workflow?${new URLSearchParams({ workflowType, taskQueue: taskQueues.workflows })}`;
  return [
    list('Units', 'held', held),
    list('Units', 'on hold', 'UnitState="OnHold" AND ExecutionStatus="Running"'),
    list('Units', 'open', 'WorkflowType="unit" AND ExecutionStatus="Running"'),
    ...batches.map((batch) => list('By batch (newest)', batch, `BatchId="${batch}"`)),
    ...batches.map((batch) => list('Held, by batch (newest)', batch, `${held} AND BatchId="${batch}"`)),
    ...steps.map((step) => list('Held, by step', step, `${held} AND UnitStep="${step}"`)),
    ...usualCodes.map((code) => list('Held, by cause', code, `${held} AND FailureCode="${code}"`)),
    ...stations.map((station) => list('Held, by station', station, `${held} AND StationId="${station}"`)),
    { topic: 'Start', name: 'a batch by form', url: form('batch') },
    { topic: 'Start', name: 'units resolved by form', url: form('resolveUnits') },
    { topic: 'Start', name: 'retention by form', url: form('retention') },
    list('Runs', 'retention', 'WorkflowType="retention"'),
    list('Runs', 'exports', 'WorkflowType="export"'),
  ];
}

/** Brackets too: a terminal ends a link at them. */
function encoded(query: string): string {
  return encodeURIComponent(query).replace(/[()]/g, (bracket) => (bracket === '(' ? '%28' : '%29'));
}

function readUrl(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password)
    return `${url.origin}${url.pathname}`;
  throw wrongOption(option, url?.password ? '(hidden)' : text, 'a URL such as http://127.0.0.1:8233');
}
