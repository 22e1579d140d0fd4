import type { Database } from '../adapters/postgres/database';
import { demoFailures } from '../adapters/postgres/demo-queries';
import { listUnits, unitHistory } from '../adapters/postgres/unit-queries';
import { unitColumns } from '../domain/unit-columns';
import type { UnitRow } from '../domain/unit-row';
import { jsonRow } from '../domain/columns';
import { reportText } from '../tools/export-verifier/report';
import type { DemoExport } from './demo-export';
import type { House } from './house';
import { printJson, printLine, printTable } from './output';
import type { ServerContext } from './server-context';
import { batchWorkflowId, unitWorkflowId } from '../domain/workflow-ids';

const shown = ['serial', 'state', 'macs', 'chipUid', 'firmware', 'carton', 'shippedAt'];

/** What came of the batch: a table of its units, the record of one, and where to look. */
export async function tellResult(
  context: ServerContext,
  house: House,
  desk: Database,
  { batch, exported }: { batch: string; exported: DemoExport | null },
): Promise<void> {
  const units: UnitRow[] = [];
  for await (const unit of listUnits(desk, { batch })) units.push(unit);
  const example = (await heldOnce(desk, units)) ?? units[0]!;
  const record = await desk('records').where({ unit_id: example.unitId }).first('body');
  const links = linksOf(house, batch, example.serial);
  if (context.json) {
    return printJson(context, {
      batch,
      units: units.map((unit) => jsonRow(unitColumns, unit)),
      record: JSON.parse(record?.body ?? 'null'),
      export: exported,
      links,
    });
  }
  await printTable(
    context,
    units,
    unitColumns.filter(({ name }) => shown.includes(name)),
  );
  await tellFailures(context, desk, batch);
  await printLine(
    context,
    `\nThe sealed record of ${example.serial} (unitrail unit show ${example.serial} --record):\n`,
  );
  await printLine(context, JSON.stringify(JSON.parse(record?.body ?? 'null'), null, 2));
  if (exported) await tellExport(context, exported);
  await printLine(
    context,
    `\nWhere to look${context.isTty ? ' (Ctrl-C ends it)' : ' while the servers run (npx unitrail up)'}:`,
  );
  for (const [what, link] of Object.entries(links)) await printLine(context, `  ${what.padEnd(9)} ${link}`);
}

async function tellExport(context: ServerContext, exported: DemoExport): Promise<void> {
  const { server, folder, report } = exported;
  await printLine(context, `\nWhat the buyer got over SFTP, from ${server}, in ${folder}:`);
  await printLine(context, reportText(report));
}

async function tellFailures(context: ServerContext, desk: Database, batch: string): Promise<void> {
  const failures = await demoFailures(desk, batch);
  if (failures.length > 0) await printLine(context, '\nWhat went wrong, and how it ended:');
  for (const { serial, step, code, state } of failures) {
    const end =
      state === 'AwaitingEngineer' ? 'held, then retried by an operator' : 'healed by an automatic retry';
    await printLine(context, `  ${serial}  ${step.padEnd(9)} ${code.padEnd(21)} ${end}`);
  }
}

/** The unit with the longest story tells the most. */
async function heldOnce(desk: Database, units: readonly UnitRow[]): Promise<UnitRow | undefined> {
  for (const unit of units) {
    if ((await unitHistory(desk, unit.unitId)).some(({ type }) => type === 'retried')) return unit;
  }
  return undefined;
}

function linksOf({ servers }: House, batch: string, serial: string): Record<string, string> {
  const ui = servers.temporalUi ?? 'the Temporal web UI';
  const workflow = (id: string) =>
    `${ui}/namespaces/${servers.temporal.namespace}/workflows/${encodeURIComponent(id)}`;
  return {
    'all units': `${ui}/namespaces/${servers.temporal.namespace}/workflows?query=${encodeURIComponent(`BatchId="${batch}"`)}`,
    batch: workflow(batchWorkflowId(batch)),
    unit: workflow(unitWorkflowId(serial)),
  };
}
