import { Option, type Command } from 'commander';
import type { Database } from '../adapters/postgres/database';
import { identifyUnit, withdrawIdentifier } from '../adapters/postgres/secondary-identifiers';
import { findOneUnit } from '../adapters/postgres/unit-queries';
import {
  parseSecondary,
  secondaryKindNames,
  secondaryKinds,
  type SecondaryIdentifier,
  type SecondaryKind,
} from '../domain/secondary-identifier';
import type { CliContext } from './context';
import { readReason } from './hold-options';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import { unitGroup } from './unit-group';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly kind: SecondaryKind;
  readonly value: string;
  readonly issuer?: string;
  readonly by: string;
  readonly withdraw?: boolean;
  readonly reason?: string;
}

export function register(program: Command, context: CliContext): void {
  unitGroup(program)
    .command('identify')
    .description(
      'Records a further identifier of the unit, which finds it from then on; or withdraws one that was wrong, for ever.',
    )
    .argument('<serial>')
    .addOption(new Option('--kind <kind>', 'what it is').choices(secondaryKinds).makeOptionMandatory())
    .requiredOption('--value <text>', 'as it is printed or read')
    .option('--issuer <id>', "whose numbers they are, where it is not the unit's buyer (asset) or our own CA")
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option('--withdraw', 'it was wrong: the unit loses it, and no unit can ever get it')
    .option('--reason <text>', 'why it is withdrawn', (text) => readReason('--reason', text))
    .action((serial: string, options: Options) => identify(context, serial, options));
}

async function identify(context: CliContext, serial: string, options: Options): Promise<void> {
  const { kind, value, issuer, withdraw = false, reason } = options;
  if (withdraw !== (reason !== undefined))
    throw wrongOption('--reason', reason, withdraw ? 'why it is withdrawn' : 'none without --withdraw');
  const db = await context.desk();
  const unit = await findOneUnit(db, serial);
  const identifier = parseSecondary(kind, { value, issuer }, unit.buyer);
  const said = `${secondaryKindNames[kind]} ${identifier.value} (issuer ${identifier.issuer})`;
  const of = { db, unit: unit.unitId, identifier, by: options.by };
  const { told, text } = reason === undefined ? await record(of, said) : await withdrawn(of, said, reason);
  if (context.json) return printJson(context, { serial: unit.serial, ...identifier, ...told });
  await printLine(context, text(unit.serial));
}

interface Identification {
  readonly db: Database;
  readonly unit: string;
  readonly identifier: SecondaryIdentifier;
  readonly by: string;
}

interface Answer {
  readonly told: object;
  readonly text: (serial: string) => string;
}

async function record({ db, unit, identifier, by }: Identification, said: string): Promise<Answer> {
  const recorded = await identifyUnit(db, unit, identifier, by);
  return {
    told: { recorded },
    text: (serial) =>
      recorded ? `Unit ${serial} has ${said} now.` : `No change: unit ${serial} has ${said} already.`,
  };
}

async function withdrawn(
  { db, unit, identifier, by }: Identification,
  said: string,
  reason: string,
): Promise<Answer> {
  const isNew = await withdrawIdentifier(db, unit, identifier, { by, reason });
  return {
    told: { withdrawn: isNew },
    text: (serial) =>
      isNew
        ? `${said} is withdrawn from unit ${serial}, and void for ever.`
        : `No change: ${said} was withdrawn from unit ${serial} before.`,
  };
}
