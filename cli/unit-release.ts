import type { Command } from 'commander';
import { openHoldIds, releaseHolds } from '../adapters/postgres/holds';
import { findOneUnit } from '../adapters/postgres/unit-queries';
import { UnitrailError } from '../domain/errors';
import { readHoldId, readNote } from './hold-options';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { tellUnits } from './tell-units';
import { unitGroup } from './unit-group';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly by: string;
  readonly note: string;
  readonly hold?: string;
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('release')
    .description('Ends one quality hold of the unit, and no other.')
    .argument('<serial>')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--note <text>', 'why it may go on', readNote)
    .option('--hold <id>', 'which hold; may be left out where there is one', readHoldId)
    .action((serial: string, options: Options) => release(context, serial, options));
}

async function release(context: ServerContext, id: string, options: Options): Promise<void> {
  const db = await context.desk();
  const unit = await findOneUnit(db, id);
  const open = await openHoldIds(db, unit.unitId);
  const hold = options.hold ?? theOnly(open, unit.serial);
  const [held] = await releaseHolds(db, { hold, by: options.by, note: options.note }, [unit.unitId]);
  const { serial, name, outcome } = held!;
  if (outcome === 'none')
    throw wrongOption('--hold', hold, `a hold of ${serial}: ${open.join(', ') || 'it has none'}`);
  if (outcome !== 'released')
    throw new UnitrailError('NOT_ALLOWED', `Unit ${serial} is ${outcome}: its holds stay as they are.`);
  await tellUnits(context, [name]);
  const others = open.filter((one) => one !== hold);
  if (context.json) return printJson(context, { serial, hold, open: others });
  const rest = others.length === 0 ? 'on no other' : `still on ${others.join(', ')}`;
  await printLine(context, `Hold ${hold} of unit ${serial} is released; it is ${rest}.`);
}

function theOnly(open: readonly string[], serial: string): string {
  if (open.length === 1) return open[0]!;
  throw wrongOption(
    '--hold',
    undefined,
    open.length === 0 ? `unit ${serial} is on no hold` : `one of ${open.join(', ')}`,
  );
}
