import type { Command } from 'commander';
import { openHolds } from '../adapters/postgres/holds';
import { findOneUnit } from '../adapters/postgres/unit-queries';
import { UnitrailError } from '../domain/errors';
import { newHoldId, readHoldId, readNote } from './hold-options';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { tellUnits } from './tell-units';
import { unitGroup } from './unit-group';

interface Options {
  readonly by: string;
  readonly note: string;
  readonly hold?: string;
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('hold')
    .description('A quality hold: no new act, no packing, no shipping until it is released.')
    .argument('<serial>')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--note <text>', 'the reason', readNote)
    .option('--hold <id>', 'the id of the hold; made up unless given', readHoldId)
    .action((serial: string, options: Options) => hold(context, serial, options));
}

async function hold(context: ServerContext, id: string, { by, note, hold: given }: Options): Promise<void> {
  const db = await context.desk();
  const unit = await findOneUnit(db, id);
  const order = { hold: given ?? newHoldId('QH'), by, note };
  const [held] = await openHolds(db, order, [unit.unitId]);
  const { serial, name, outcome } = held!;
  if (outcome !== 'opened' && outcome !== 'open') throw refused(serial, outcome, order.hold);
  await tellUnits(context, [name]);
  if (context.json) return printJson(context, { serial, hold: order.hold, opened: outcome === 'opened' });
  const text = outcome === 'opened' ? 'is on' : 'was before, and stays on,';
  await printLine(
    context,
    `Unit ${serial} ${text} quality hold ${order.hold}. \`unitrail unit release ${serial} --hold ${order.hold} --by ${by} --note "..."\` ends it.`,
  );
}

function refused(serial: string, outcome: string, holdId: string): UnitrailError {
  return outcome === 'released'
    ? new UnitrailError(
        'NOT_ALLOWED',
        `Unit ${serial} had a hold ${holdId}, which was released: a hold id is used once.`,
      )
    : new UnitrailError('NOT_ALLOWED', `Unit ${serial} is ${outcome}: there is nothing left to hold.`);
}
