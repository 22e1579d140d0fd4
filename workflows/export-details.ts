/** What a run of a buyer's exports knows: for its page, and for those who ask. */
export interface ExportDesk {
  readonly buyer: string;
  /** RFC 3339 UTC. */
  readonly asOf: string;
  opened: string | null;
  due: string[];
  delivered: string[];
  /** The export under way. */
  under: string | null;
  doing: 'opening' | 'making' | 'delivering' | 'done';
  failure: { readonly code: string; readonly message: string } | null;
}

const doings = {
  opening: 'Looking for what the buyer has not been told yet.',
  making: 'Writing and signing the files.',
  delivering: "Bringing the files to the buyer's folder. A server that is away is tried without end.",
  done: '',
} as const;

/** The page of a run, in Markdown. */
export function exportDetails(desk: ExportDesk): string {
  const { buyer, asOf, opened, due, delivered, under, doing, failure } = desk;
  const lines = [`**Exports to ${buyer}**, as of ${asOf}`, ''];
  if (doing === 'done' && due.length === 0) lines.push('Nothing new, and nothing undelivered.');
  else lines.push(`${delivered.length} of ${due.length} delivered${opened ? `; ${opened} is new` : ''}.`);
  if (under !== null) lines.push('', `**${under}**: ${doings[doing]}`);
  if (failure) {
    lines.push('', `**${failure.code}**: ${failure.message}`, '');
    lines.push(
      'When it is mended: More Actions → Send an Update → `tryAgain`, empty box. A refused login and another host key wait for that; all else is tried again after an hour.',
    );
  }
  lines.push('', `\`unitrail export list ${buyer}\` shows each delivery, and each try with its cause.`);
  return lines.join('\n');
}
