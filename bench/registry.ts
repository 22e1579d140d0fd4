/**
 * The registry of identifiers on a Postgres of its own: claims a second against bare inserts of the same rows, what
 * granting a block costs by its size, and how long one serial is looked for among millions.
 *
 *   npm run bench:registry -- [--identifiers 10000000] [--rounds 5] [--units 2000]
 */
import { parseArgs } from 'node:util';
import { Interrupted, Interruption } from '../cli/interruption';
import { wholeNumber } from './support/options';
import { runBench, say, tell } from './support/printing';
import { claimProblems, claimRounds } from './registry/claim-rounds';
import { grants } from './registry/grants';
import { fillRegistry, lookups } from './registry/lookups';
import { claimVerdict, grantVerdict, lookupVerdict, settingsText, type Verdict } from './registry/report';
import { atSite, CLAIM_CHUNK, type Site } from './registry/site';

const MAX_IDENTIFIERS = 100_000_000;
const MAX_ROUNDS = 50;
const MAX_UNITS = 100_000;

interface Options {
  readonly identifiers: number;
  readonly rounds: number;
  /** Of each client in each round. */
  readonly units: number;
}

async function main(): Promise<void> {
  const options = readOptions();
  const interruption = new Interruption();
  const signal = interruption.takeOver(() => say('The server is being stopped'));
  try {
    const passed = await atSite({ say, signal }, (site) => run(site, options));
    if (!passed) process.exitCode = 1;
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error;
    process.exitCode = signal.reason.exitCode;
  } finally {
    interruption.close();
  }
}

function readOptions(): Options {
  const text = (byDefault: string) => ({ type: 'string' as const, default: byDefault });
  const { values } = parseArgs({
    options: { identifiers: text('10000000'), rounds: text('5'), units: text('2000') },
  });
  const units = wholeNumber('units', values.units, MAX_UNITS);
  if (units % CLAIM_CHUNK !== 0) throw new Error(`--units: whole claims of ${CLAIM_CHUNK} only`);
  return {
    identifiers: wholeNumber('identifiers', values.identifiers, MAX_IDENTIFIERS),
    rounds: wholeNumber('rounds', values.rounds, MAX_ROUNDS),
    units,
  };
}

async function run(site: Site, { identifiers, rounds, units }: Options): Promise<boolean> {
  tell(settingsText(site.postgresVersion));
  const claims = await claimRounds(site, { rounds, unitsOfClient: units }, say);
  const verdicts = [told(claimVerdict(claims, await claimProblems(site, claims)))];
  verdicts.push(told(grantVerdict(await grants(site))));
  say(`Filling the registry with ${identifiers} identifiers`);
  await fillRegistry(site.superuser, identifiers);
  verdicts.push(told(lookupVerdict(await lookups(site, identifiers))));
  return verdicts.every(({ ok }) => ok);
}

function told(verdict: Verdict): Verdict {
  tell(verdict.text);
  return verdict;
}

runBench(main, 'bench/registry');
