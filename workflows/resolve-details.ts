import type { ResolveResult, SelectedGroup } from '../domain/resolution';

interface Opened {
  readonly action: string;
  readonly by: string;
  readonly hold: string | null;
  readonly selected: number;
  readonly groups: readonly SelectedGroup[];
}

/** While it goes on: what it does, to how many, and how far it is. */
export function openedDetails(opened: Opened, settled: number): string {
  return [
    heading(opened),
    '',
    `**${settled} of ${opened.selected}** units are settled.`,
    '',
    ...table(opened),
  ].join('\n');
}

/** When it has ended: what it did, what it could not do, and why. */
export function resultDetails(result: ResolveResult): string {
  const { dryRun, selected, counts, done, notDone, more } = result;
  const lines = [heading(result), ''];
  if (dryRun) {
    lines.push(
      `**Dry run**: ${selected} units would be told, ${counts.refused} that are named would be refused, and none was. Start it again without \`dryRun\`.`,
      '',
    );
    lines.push(...table(result));
  } else {
    lines.push(`**${counts.done} done**, ${counts.refused} refused, ${counts.unreached} not reached.`, '');
  }
  if (notDone.length > 0) {
    lines.push('What was not done, and why:', '');
    lines.push(...notDone.map(({ serial, why }) => `- \`${serial}\`: ${why}`), '');
  }
  if (done.length > 0) lines.push(`Done: ${done.map((serial) => `\`${serial}\``).join(', ')}`, '');
  if (more) lines.push(`All of them: \`${more}\``);
  return lines.join('\n');
}

function heading({ action, by, hold }: Pick<Opened, 'action' | 'by' | 'hold'>): string {
  return `### ${action}, by operator ${by}${hold ? `, hold ${hold}` : ''}`;
}

function table({ groups }: Pick<Opened, 'groups'>): string[] {
  if (groups.length === 0) return ['No open unit fits.'];
  return [
    '| units | batch | state | step | failure |',
    '|---|---|---|---|---|',
    ...groups.map(
      ({ units, batch, state, step, failureCode }) =>
        `| ${units} | ${batch} | ${state} | ${step} | ${failureCode ?? ''} |`,
    ),
  ];
}
