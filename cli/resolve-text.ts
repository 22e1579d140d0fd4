import type { ResolveResult } from '../domain/resolution';

/** What came of a decision about many units, for a person. */
export function resultText(result: ResolveResult): string {
  const { action, dryRun, selected, counts, groups, notDone, more, hold, resolution } = result;
  const lines = dryRun
    ? [`${selected} units would be told to ${action}; none was.`, ...inVain(counts.refused)]
    : [`${action}: ${counts.done} done, ${counts.refused} refused, ${counts.unreached} not reached.`];
  if (hold && !dryRun) lines.push(`Quality hold ${hold}.`);
  if (dryRun)
    lines.push(
      ...groups.map(
        ({ units, batch, state, step, failureCode }) =>
          `  ${units} × ${batch}, ${state} at ${step}${failureCode ? `, ${failureCode}` : ''}`,
      ),
    );
  lines.push(...notDone.map(({ serial, why }) => `  ${serial}: ${why}`));
  if (!dryRun && more) lines.push(`All of them: unitrail units resolved ${resolution}`);
  return lines.join('\n');
}

/** A dry run only counts: what would be refused is a remark, and no failure. */
function inVain(refused: number): string[] {
  return refused > 0 ? [`Named in vain, and refused from the start: ${refused}.`] : [];
}
