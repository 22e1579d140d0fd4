import { Option, type Command } from 'commander';
import { identifyUnit } from '../adapters/postgres/secondary-identifiers';
import { findOneUnit } from '../adapters/postgres/unit-queries';
import {
  parseSecondary,
  secondaryKindNames,
  secondaryKinds,
  type SecondaryKind,
} from '../domain/secondary-identifier';
import type { CliContext } from './context';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import { unitGroup } from './unit-group';

interface Options {
  readonly kind: SecondaryKind;
  readonly value: string;
  readonly issuer?: string;
  readonly by: string;
}

export function register(program: Command, context: CliContext): void {
  unitGroup(program)
    .command('identify')
    .description('Records a further identifier of the unit, for ever: it finds the unit from then on.')
    .argument('<serial>')
    .addOption(new Option('--kind <kind>', 'what it is').choices(secondaryKinds).makeOptionMandatory())
    .requiredOption('--value <text>', 'as it is printed or read')
    .option('--issuer <id>', "whose numbers they are, where it is not the unit's buyer (asset) or our own CA")
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((serial: string, options: Options) => identify(context, serial, options));
}

async function identify(
  context: CliContext,
  serial: string,
  { kind, value, issuer, by }: Options,
): Promise<void> {
  const db = await context.desk();
  const unit = await findOneUnit(db, serial);
  const identifier = parseSecondary(kind, { value, issuer }, unit.buyer);
  const recorded = await identifyUnit(db, unit.unitId, identifier, by);
  if (context.json) return printJson(context, { serial: unit.serial, ...identifier, recorded });
  const name = `${secondaryKindNames[kind]} ${identifier.value} (issuer ${identifier.issuer})`;
  await printLine(
    context,
    recorded ? `Unit ${unit.serial} has ${name} now.` : `No change: unit ${unit.serial} has ${name} already.`,
  );
}
