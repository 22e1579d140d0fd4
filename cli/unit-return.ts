import type { Command } from 'commander';
import { recordReturn } from '../adapters/postgres/amendments';
import { findOneUnit } from '../adapters/postgres/unit-queries';
import type { CliContext } from './context';
import { readNote } from './hold-options';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import { unitGroup } from './unit-group';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly by: string;
  readonly rma: string;
  readonly condition: string;
  readonly note: string;
}

const RMA = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/;

export function register(program: Command, context: CliContext): void {
  unitGroup(program)
    .command('return')
    .description('A unit came back from its buyer (RMA): it is added to its history, and reopens nothing.')
    .argument('<serial>')
    .requiredOption('--rma <reference>', 'the number of the return', readRma)
    .requiredOption('--condition <text>', 'how it came back', readCondition)
    .requiredOption('--note <text>', 'the reason', readNote)
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((serial: string, options: Options) => takeBack(context, serial, options));
}

async function takeBack(
  context: CliContext,
  id: string,
  { by, rma, condition, note: reason }: Options,
): Promise<void> {
  const db = await context.desk();
  const unit = await findOneUnit(db, id);
  const back = { by, rma, condition, reason };
  const recorded = await recordReturn(db, unit.unitId, back);
  if (context.json) return printJson(context, { serial: unit.serial, ...back, recorded });
  await printLine(
    context,
    recorded
      ? `Unit ${unit.serial} came back under RMA ${rma}: it is in its history. It stays Shipped, and its record as it is.`
      : `Unit ${unit.serial} came back under RMA ${rma} before: that is on record.`,
  );
}

function readRma(text: string): string {
  if (RMA.test(text)) return text;
  throw wrongOption('--rma', text, '1 to 64 of A–Z a–z 0–9 . _ / -, the first a letter or digit');
}

function readCondition(text: string): string {
  if (text.trim() === text && /^[^\p{Cc}\p{Cs}|]{1,200}$/u.test(text)) return text;
  throw wrongOption(
    '--condition',
    text,
    '1 to 200 characters on one line, without "|" and control characters',
  );
}
