import type { Command } from 'commander';
import { correctRecord } from '../adapters/postgres/amendments';
import type { Database } from '../adapters/postgres/database';
import { locateUnit, type LocatedUnit } from '../adapters/postgres/located-unit';
import { findOneUnit, unitRecord } from '../adapters/postgres/unit-queries';
import { fieldOf, namesBeside } from '../domain/amendment';
import { UnitrailError } from '../domain/errors';
import { readNote } from './hold-options';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { unitGroup } from './unit-group';
import { unitSource } from './unit-source';
import { wholeNumber } from './whole-number';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly by: string;
  readonly field: string;
  readonly value: string;
  readonly note: string;
  readonly event?: number;
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('correct')
    .description(
      'Says that a field of a sealed record is wrong, and what is right. The record stays; the buyer gets the correction with the next export.',
    )
    .argument('<serial>')
    .requiredOption('--field <path>', 'the field of the record, such as boardLot or test.results.0.value')
    .requiredOption('--value <text>', 'what is right; where the field is no text, as JSON')
    .requiredOption('--note <text>', 'the reason', readNote)
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option(
      '--event <number>',
      'the event that told it wrong, by its number in --history',
      wholeNumber('--event', 1, 1_000_000),
    )
    .action((serial: string, options: Options) => correct(context, serial, options));
}

async function correct(context: ServerContext, id: string, options: Options): Promise<void> {
  const { field, note: reason, by, event } = options;
  const db = await context.desk();
  const unit = await locateUnit(db, id);
  const { moved } = await unitSource(context, unit);
  const record = await unitRecord(db, unit, moved);
  if (!record.sealed) throw await notSealed(db, unit);
  const body: unknown = JSON.parse(record.text);
  const found = fieldOf(body, field);
  if (!found)
    throw wrongOption('--field', field, `a field of the record: ${namesBeside(body, field).join(', ')}`);
  const value = readValue(options.value, found.value);
  const correction = {
    ...{ record: record.sha256, field, was: found.value, value, reason, by },
    ...(event !== undefined && { event }),
  };
  const recorded = await correctRecord(db, unit.unitId, correction);
  if (context.json) return printJson(context, { serial: unit.serial, ...correction, recorded });
  await printLine(
    context,
    recorded
      ? `Unit ${unit.serial}: ${field} is ${JSON.stringify(value)}, not ${JSON.stringify(found.value)}, as its sealed record says. The record stays as it is.`
      : `Unit ${unit.serial} has this very correction already.`,
  );
}

async function notSealed(db: Database, { unitId, serial }: LocatedUnit): Promise<UnitrailError> {
  const { state } = await findOneUnit(db, unitId);
  return new UnitrailError('NOT_ALLOWED', `Unit ${serial} is ${state}: only a sealed record is corrected.`);
}

/** Identifiers are text: only a field that is something else takes JSON. */
function readValue(text: string, was: unknown): unknown {
  if (typeof was === 'string') {
    if (/^[^\p{Cc}\p{Cs}]{0,500}$/u.test(text)) return text;
    throw wrongOption('--value', text, 'text of up to 500 characters on one line');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw wrongOption('--value', text, `JSON, as the field is not text: it says ${JSON.stringify(was)}`);
  }
}
