import { Option, type Command } from 'commander';
import { goneWith } from '../adapters/archive/archived-unit';
import { findAdopted, type AdoptedReading } from '../adapters/postgres/adopted-units';
import type { Database } from '../adapters/postgres/database';
import { locateUnit, type ArchivePlace, type LocatedUnit } from '../adapters/postgres/located-unit';
import { lastingDetails, unitDetails, type UnitDetails } from '../adapters/postgres/unit-details';
import { unitHistory, unitRecord, type UnitEvent } from '../adapters/postgres/unit-queries';
import { writeChunks } from '../adapters/spreadsheet/write-chunks';
import { adviceFor } from '../domain/advice';
import { jsonRow, type Column } from '../domain/columns';
import { UnitrailError, type ErrorCode } from '../domain/errors';
import { unitColumns } from '../domain/unit-columns';
import { adoptedJson, adoptedPage, disputedSections, readingJson, readingsOfOne } from './adopted-page';
import type { CliContext } from './context';
import { erasedJson, erasedPage } from './erased-page';
import type { ServerContext } from './server-context';
import { unitSource, type UnitSource } from './unit-source';
import { printJson, printLine, printTable, say } from './output';
import { writeUnitDossier, type ShownUnit } from './unit-dossier';
import { unitGroup } from './unit-group';
import { unitPage } from './unit-page';
import { recordProof } from './unit-proof';

interface Options {
  readonly record?: boolean;
  readonly history?: boolean;
  readonly pdf?: string;
  readonly force?: boolean;
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('show')
    .description('one unit: who it is, what it is made of, where it stands')
    .argument(
      '<id>',
      'serial (or issuer:serial), MAC address, chip UID, certificate fingerprint, IMEI, asset number, certificate serial number or unit id',
    )
    .addOption(
      new Option('--record', 'its sealed record, byte for byte; before shipping a draft').conflicts(
        'history',
      ),
    )
    .option('--history', 'its events, one a line')
    .addOption(
      new Option('--pdf <file>', 'writes a dossier for an audit visit').conflicts(['record', 'history']),
    )
    .option('--force', 'replace the file if it exists')
    .action((id: string, options: Options) => show(context, id, options));
}

async function show(context: ServerContext, id: string, options: Options): Promise<void> {
  const db = await context.desk();
  const found = await find(db, id);
  if ('adopted' in found) return showAdopted(context, readingsOfOne(id, found.adopted), options);
  const { unit } = found;
  if (unit.place !== null && unit.place.erasedAt !== null)
    return showErased(context, unit, unit.place, await rivalsOf(db, id, unit), options);
  const source = await unitSource(context, unit);
  if (options.record) return showRecord(context, unit, source);
  if (options.history) return showHistory(context, await unitHistory(db, unit.unitId, source.moved));
  const details = await unitDetails(db, unit.unitId, source.moved);
  const shown = { details, source, proof: await recordProof(context, unit, source, details) };
  if (options.pdf) return writeUnitDossier(context, shown, options.pdf, options.force === true);
  return showDetails(context, shown, await rivalsOf(db, id, unit));
}

type Found = { readonly unit: LocatedUnit } | { readonly adopted: readonly AdoptedReading[] };

const notOurs: ReadonlySet<ErrorCode> = new Set(['NOT_FOUND', 'SERIAL_MALFORMED']);

/** Units that were adopted are looked for where the text names nothing that was built here. */
async function find(db: Database, id: string): Promise<Found> {
  try {
    return { unit: await locateUnit(db, id) };
  } catch (error) {
    if (!(error instanceof UnitrailError && notOurs.has(error.code))) throw error;
    const adopted = await findAdopted(db, id);
    if (adopted.length === 0) throw error;
    return { adopted };
  }
}

async function showAdopted(
  context: CliContext,
  readings: readonly AdoptedReading[],
  { record, history, pdf }: Options,
): Promise<void> {
  const { serial } = readings[0]!;
  if (record || history || pdf)
    throw new UnitrailError(
      'NOT_FOUND',
      `${serial} was adopted, not built here: it has no ${record ? 'record' : history ? 'history' : 'dossier'}.`,
    );
  if (context.json) return printJson(context, adoptedJson(readings));
  return printLine(context, adoptedPage(readings));
}

/** Its capsule's time was over: nothing is left to be read but what the database keeps for ever. */
async function showErased(
  context: CliContext,
  { unitId, serial }: LocatedUnit,
  place: ArchivePlace,
  rivals: readonly AdoptedReading[],
  { record, history, pdf }: Options,
): Promise<void> {
  if (record || history || pdf)
    throw goneWith(record ? 'record' : history ? 'history' : 'dossier', serial, place);
  const details = await lastingDetails(await context.desk(), unitId);
  if (context.json) return printJson(context, { ...erasedJson(details, place), ...rivalsJson(rivals) });
  return printLine(context, `${erasedPage(details, place)}${rivalsText(rivals)}`);
}

/** A unit whose serial was adopted as well shows both. */
async function rivalsOf(db: Database, id: string, unit: LocatedUnit): Promise<AdoptedReading[]> {
  const adopted = await findAdopted(db, id);
  return adopted.filter(({ serial, issuer }) => serial === unit.serial && issuer === unit.issuer);
}

function showDetails(
  context: CliContext,
  { details, source: { from }, proof }: ShownUnit,
  rivals: readonly AdoptedReading[],
): Promise<void> {
  if (context.json) {
    const told = { from, proof: proof.verdict };
    return printJson(context, { ...detailsJson(details), ...told, ...rivalsJson(rivals) });
  }
  return printLine(context, `${unitPage(context, details, { from, proof })}${rivalsText(rivals)}`);
}

function rivalsJson(rivals: readonly AdoptedReading[]): Record<string, unknown> {
  return rivals.length > 0 ? { disputed: true, adopted: rivals.map(readingJson) } : {};
}

function rivalsText(rivals: readonly AdoptedReading[]): string {
  return rivals.length > 0 ? `\n\n${disputedSections(rivals)}` : '';
}

/** What is sealed goes out as it is, so that its SHA-256 can be taken of the output; a terminal gets a line's end. */
async function showRecord(context: CliContext, unit: LocatedUnit, { moved }: UnitSource): Promise<void> {
  const record = await unitRecord(await context.desk(), unit, moved);
  if (!record.sealed) {
    await say(
      context,
      `Unit ${unit.serial} has not shipped: this is a draft of its record, and nothing of it is sealed.`,
    );
  }
  await writeChunks(context.out, [record.text, ...(context.isTty ? ['\n'] : [])]);
}

async function showHistory(context: CliContext, events: readonly UnitEvent[]): Promise<void> {
  if (!context.json) return printTable(context, events, historyColumns);
  await writeChunks(
    context.out,
    events.map((event) => `${JSON.stringify(jsonRow(historyColumns, event))}\n`),
  );
}

const historyColumns: readonly Column<UnitEvent>[] = [
  { name: 'seq', heading: 'No.', kind: 'number', value: ({ seq }) => seq },
  { name: 'at', heading: 'At (UTC)', kind: 'date', value: ({ at }) => at },
  { name: 'type', heading: 'Event', kind: 'text', value: ({ type }) => type },
  { name: 'summary', heading: 'What happened', kind: 'text', value: ({ summary }) => summary },
  { name: 'by', heading: 'By', kind: 'text', value: ({ by }) => by },
  { name: 'login', heading: 'Login', kind: 'text', value: ({ login }) => login },
];

function detailsJson({ unit, failure, ...details }: UnitDetails): Record<string, unknown> {
  return {
    ...jsonRow(unitColumns, unit),
    stateBeneath: unit.stateBeneath,
    ...details,
    failure: failure && { ...failure, whatToDo: adviceFor(failure.code) },
  };
}
