import type { Command } from 'commander';
import { join } from 'node:path';
import { questionsOfSearch } from '../adapters/postgres/wanted-contents';
import { checkStore } from '../adapters/store/check-store';
import { openSides } from '../adapters/store/open-store';
import { placeText } from '../domain/store-place';
import {
  countsText,
  findingText,
  nothingChecked,
  toldOf,
  troublesOf,
  type StoreReport,
} from '../domain/store-check';
import { FAILED, printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';
import { storeGroup } from './store-group';

const SAY_EVERY_MS = 5_000;

export function register(program: Command, context: ServerContext): void {
  storeGroup(program)
    .command('check')
    .description(
      'Reads every content in each place, mends what is damaged or missing from the other, and removes what was erased and is there again. Exit 1 where something is whole nowhere, or can not be mended.',
    )
    .action(() => check(context));
}

async function check(context: ServerContext): Promise<void> {
  const { store, home } = context.config();
  const db = await context.desk();
  const signal = context.takeOverSignals(() => {});
  let saidAt = Date.now();
  const deps = {
    ...openSides(store, { cacheBytes: 0 }),
    ...questionsOfSearch(db),
    workFolder: join(home, 'exports'),
  };
  const { report } = await checkStore(
    deps,
    { report: nothingChecked, after: null },
    {
      signal,
      isEnough: ({ report: soFar }) => {
        if (Date.now() - saidAt < SAY_EVERY_MS) return false;
        saidAt = Date.now();
        void say(context, `${soFar.checked} contents read, ${countsText(soFar)}`);
        return false;
      },
    },
  );
  context.giveBackSignals();
  const places = { first: placeText(store.first), copy: store.copy && placeText(store.copy) };
  await (context.json ? printJson(context, { ...places, ...report }) : tell(context, places, report));
  if (troublesOf(report) > 0) context.exitWith(FAILED);
}

async function tell(
  context: ServerContext,
  { first, copy }: { first: string; copy: string | null },
  report: StoreReport,
): Promise<void> {
  const { checked, findings } = report;
  for (const finding of findings) await printLine(context, findingText(finding));
  const unlisted = toldOf(report) - findings.length;
  if (unlisted > 0) await printLine(context, `… and ${unlisted} more`);
  const where = copy === null ? `${first}; there is no second copy` : `${first} and ${copy}`;
  await printLine(context, `${checked} contents read in ${where}: ${countsText(report)}.`);
}
