import type { Command } from 'commander';
import { addLegalHold } from '../adapters/postgres/legal-holds';
import { findOneUnit } from '../adapters/postgres/unit-queries';
import type { Database } from '../adapters/postgres/database';
import { UnitrailError } from '../domain/errors';
import { legalHoldKinds, type LegalHoldKind } from '../domain/retention';
import type { CliContext } from './context';
import { newHoldId, readHoldId, readReason } from './hold-options';
import { legalHoldGroup } from './legal-hold-group';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import { wrongOption } from '../domain/wrong-option';

interface Options extends Partial<Record<LegalHoldKind, string>> {
  readonly reason: string;
  readonly by: string;
  readonly hold?: string;
}

export function register(program: Command, context: CliContext): void {
  legalHoldGroup(program)
    .command('add')
    .description(
      'Stops what is neither moved nor erased yet, until it is released. What it is about: exactly one.',
    )
    .option('--unit <serial>', 'one unit')
    .option('--batch <id>', 'all units of a batch')
    .option('--lot <lot>', 'all units that hold this component or board lot')
    .option('--firmware <version>', 'all units that run it, or have run it since they were shipped')
    .option('--buyer <id>', "all units of a buyer's orders, shipments and numbers")
    .requiredOption('--reason <text>', 'why', (text) => readReason('--reason', text))
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option('--hold <id>', 'the id of the hold; made up unless given', (text) => readHoldId(text))
    .action((options: Options) => add(context, options));
}

async function add(context: CliContext, options: Options): Promise<void> {
  const { kind, value } = subjectOf(options);
  const db = await context.desk();
  const unitId = await requireSubject(db, kind, value);
  const { reason, by, hold: id = newHoldId('LH') } = options;
  const added = await addLegalHold(db, { id, kind, value, unitId, reason, by });
  if (context.json) return printJson(context, { hold: id, kind, value, added });
  await printLine(
    context,
    `${added ? 'Added' : 'It was there before'}: legal hold ${id} on ${kind} ${value}. \`unitrail legal-hold release ${id} --reason "..." --by ${by}\` ends it.`,
  );
}

function subjectOf(options: Options): { kind: LegalHoldKind; value: string } {
  const named = legalHoldKinds.filter((kind) => options[kind] !== undefined);
  const [kind, ...more] = named;
  if (kind === undefined || more.length > 0)
    throw wrongOption(
      legalHoldKinds.map((one) => `--${one}`).join(', '),
      named.map((one) => options[one]),
      'exactly one of them',
    );
  return { kind, value: options[kind]! };
}

const lookups = {
  batch: 'select from batches where id = ?',
  lot: 'select from unit_lots where lot = ? union all select from units where board_lot = ? limit 1',
  firmware:
    '(select from units where firmware_version = ? limit 1) union all (select from field_reports where version = ? limit 1)',
  buyer: 'select from buyers where id = ?',
} as const;

/** A hold on what is not there would be a hold on nothing. The unit's id, where it is about one. */
async function requireSubject(db: Database, kind: LegalHoldKind, value: string): Promise<string | null> {
  if (kind === 'unit') return (await findOneUnit(db, value)).unitId;
  const sql = lookups[kind];
  const { rows } = await db.raw<{ rows: unknown[] }>(
    sql,
    sql.match(/\?/g)!.map(() => value),
  );
  if (rows.length > 0) return null;
  throw new UnitrailError(
    'NOT_FOUND',
    `--${kind}: nothing is known of ${JSON.stringify(value)}: a hold on it would hold nothing.`,
  );
}
