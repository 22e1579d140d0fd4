import type { Adopted, AdoptionHead, AdoptionOutcome, Dispute } from '../adapters/postgres/adoptions';
import type { AdoptedNumbers } from '../domain/adopted-numbers';
import type { Column } from '../domain/columns';
import type { CliContext } from './context';
import { printJson, printLine, printTable } from './output';

const MAX_TOLD_FOREIGN = 10;

/** What an import did, or would do: as one document, or for a person. */
export async function historyReport(
  context: CliContext,
  head: AdoptionHead,
  outcome: AdoptionOutcome,
  { foreign, foreignTotal }: AdoptedNumbers,
): Promise<void> {
  const { issuer, scheme, source, sha256 } = head;
  const known = outcome.outcome === 'known';
  // Without a scheme there is nothing that a serial could be foreign to.
  const strangers =
    scheme === null || known ? { total: 0, serials: [] } : { total: foreignTotal, serials: foreign };
  if (context.json) {
    const { outcome: what, ...facts } = outcome;
    const told = {
      adopted: what === 'adopted',
      dryRun: what === 'tried',
      known,
      issuer,
      scheme,
      source,
      sha256,
    };
    return printJson(context, { ...told, ...facts, ...(!known && { foreign: strangers }) });
  }
  if (known) {
    const when = `${outcome.by} on ${outcome.at.toISOString()}`;
    return printLine(
      context,
      `No change: this file was adopted by ${when}: ${outcome.count} units of ${issuer}.`,
    );
  }
  await printLine(context, summary(head, outcome));
  await printCounters(context, outcome);
  await printForeign(context, head, strangers);
  await printDisputes(context, outcome);
}

function summary({ issuer }: AdoptionHead, outcome: Adopted & { outcome: string }): string {
  const { count, states, macs } = outcome;
  const what = `${count} units of ${issuer} (${states.shipped} shipped, ${states.used} used, ${states.void} void) with ${macs} MAC addresses`;
  return outcome.outcome === 'tried'
    ? `Dry run: ${what} would be adopted; nothing was changed.`
    : `Adopted ${what}.`;
}

async function printCounters(context: CliContext, { passed }: Adopted): Promise<void> {
  for (const { space, from, to } of passed)
    await printLine(context, `${space}: ${from} to ${to} are passed over; it goes on at ${to + 1}.`);
}

async function printForeign(
  context: CliContext,
  { scheme }: AdoptionHead,
  { total, serials }: { total: number; serials: readonly string[] },
): Promise<void> {
  if (total === 0) return;
  const more = total > MAX_TOLD_FOREIGN ? ` and ${total - MAX_TOLD_FOREIGN} more` : '';
  const shown = serials.slice(0, MAX_TOLD_FOREIGN).join(', ');
  await printLine(
    context,
    `Foreign, adopted all the same: ${total} serials fit no version of ${scheme}: ${shown}${more}.`,
  );
}

async function printDisputes(context: CliContext, outcome: Adopted): Promise<void> {
  const { disputedUnits, disputes, disputesTotal } = outcome;
  if (disputesTotal === 0) return;
  const more = disputesTotal > disputes.length ? `, the first ${disputes.length} of them` : '';
  await printLine(
    context,
    `Disputed: ${disputesTotal} identifiers (${disputedUnits} of them serials) are somebody's already. All readings are kept, and nobody gets them${more}:`,
  );
  await printTable(context, disputes, columns);
}

const columns: readonly Column<Dispute>[] = [
  { name: 'at', heading: 'At', kind: 'text', value: ({ at }) => at },
  { name: 'kind', heading: 'Kind', kind: 'text', value: ({ kind }) => kind },
  { name: 'value', heading: 'Value', kind: 'text', value: ({ value }) => value },
  { name: 'serial', heading: 'Of', kind: 'text', value: ({ serial }) => serial },
  { name: 'with', heading: 'Stands also at', kind: 'text', value: (dispute) => dispute.with },
];
