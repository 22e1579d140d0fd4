import type { Progress } from './unit-messages';

/** The unit's page in the web UI: what it is, where it stands, what to do. */
export function unitDetails(p: Progress): string {
  const lines = [
    `### Unit ${p.serial}`,
    '',
    `**${p.state}** at step **${p.step}**, attempt ${p.attempt}`,
    '',
  ];
  if (p.done.length > 0) lines.push(`Done in this run: ${p.done.join(' → ')}`, '');
  if (p.failure) lines.push(`**${p.failure.code}**: ${p.failure.message}`, '', ...whatToDo(p));
  return lines.join('\n');
}

function whatToDo({ state, failure }: Progress): string[] {
  if (state !== 'AwaitingEngineer') return [];
  const retry =
    failure?.code === 'PRINT_UNKNOWN'
      ? '{"by": "17", "label": "none"}` or `{"by": "17", "label": "found"}'
      : '{"by": "17", "note": "what was done"}';
  return [
    'What to do: mend the cause, then *More Actions → Send an Update*:',
    '',
    `- \`retryStep\` with \`${retry}\``,
    '- `rework` with `{"by": "17", "reason": "…", "step": "flash"}`',
    '- `scrap` with `{"by": "17", "reason": "…"}`',
  ];
}
