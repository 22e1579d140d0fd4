import { escaped } from './markdown';

/** How far a batch is, in figures: what the command and the web UI show of it. */
export interface BatchReport {
  readonly batch: string;
  readonly quantity: number;
  readonly claimed: number;
  readonly inProgress: number;
  readonly ready: number;
  readonly shipped: number;
  readonly scrapped: number;
  readonly missing: number;
  readonly void: number;
  /** Held units by failure code, the most frequent first. */
  readonly held: readonly { readonly code: string; readonly units: number }[];
  readonly passed: number;
  readonly judged: number;
  /** Units that became ready in the last minutes, for each hour; null where none did. */
  readonly perHour: number | null;
  readonly paused: boolean;
  readonly cancelled: boolean;
  readonly ended: boolean;
  readonly window: number | null;
  readonly priority: number;
}

const BAR_WIDTH = 24;
const MINUTES_OF_HOUR = 60;
const MINUTES_OF_DAY = 1_440;

/** Of what the batch shall have: how much is ready or further. */
export function progressBar({
  quantity,
  ready,
  shipped,
}: Pick<BatchReport, 'quantity' | 'ready' | 'shipped'>): string {
  const filled = Math.min(BAR_WIDTH, Math.round((BAR_WIDTH * (ready + shipped)) / Math.max(1, quantity)));
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
}

/** Units that can still become ready: neither held nor ended. */
function unitsToCome({ quantity, claimed, inProgress, cancelled, paused }: BatchReport): number {
  return inProgress + (cancelled || paused ? 0 : Math.max(0, quantity - claimed));
}

/** `120 units an hour, about 2 h 10 min left`; empty where nothing became ready of late. */
export function paceText(report: BatchReport): string {
  const left = unitsToCome(report);
  if (report.perHour === null || report.ended) return '';
  const rate = `${Math.round(report.perHour)} units an hour`;
  return left === 0 ? rate : `${rate}, about ${durationText((left / report.perHour) * MINUTES_OF_HOUR)} left`;
}

export function durationText(minutes: number): string {
  const whole = Math.max(1, Math.ceil(minutes));
  const [days, hours] = [
    Math.floor(whole / MINUTES_OF_DAY),
    Math.floor((whole % MINUTES_OF_DAY) / MINUTES_OF_HOUR),
  ];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${whole % MINUTES_OF_HOUR} min` : `${whole} min`;
}

/** `3 TEST_FAILED, 1 PRINT_UNKNOWN` */
export function heldText({ held }: Pick<BatchReport, 'held'>): string {
  return held.map(({ code, units }) => `${units} ${code}`).join(', ');
}

/** What people set of it, where anybody has. */
export function controlsText({ paused, cancelled, window, priority }: BatchReport): string {
  const said = [
    ...(cancelled ? ['cancelled: no further unit begins'] : []),
    ...(paused && !cancelled ? ['paused: no further unit begins'] : []),
    ...(window === null ? [] : [`window ${window}`]),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
  ];
  return said.join(', ');
}

/** The batch's page in the web UI. */
export function batchDetails(report: BatchReport): string {
  const { batch, quantity, claimed, inProgress, ready, shipped, passed, judged } = report;
  const ended = [
    ...(report.scrapped > 0 ? [`${report.scrapped} scrapped`] : []),
    ...(report.missing > 0 ? [`${report.missing} missing`] : []),
    ...(report.void > 0 ? [`${report.void} void`] : []),
  ];
  const lines = [
    `### Batch ${batch}`,
    '',
    `\`${progressBar(report)}\` **${ready + shipped} of ${quantity} ready**${shipped > 0 ? ` (${shipped} shipped)` : ''}`,
    '',
    `- ${[`${inProgress} in progress`, `${Math.max(0, quantity - claimed)} not begun`, ...ended].join(', ')}`,
    ...listed('held', heldText(report)),
    ...listed(
      'first pass',
      judged === 0 ? '' : `${passed} of ${judged} (${Math.floor((100 * passed) / judged)} %)`,
    ),
    ...listed('rate', paceText(report)),
    ...listed('set', controlsText(report)),
  ];
  if (report.ended) lines.push('', report.cancelled ? 'Cancelled, and ended.' : 'Ended.');
  return lines.join('\n');
}

/** The page of a run whose order was not taken: each line of the message is one thing that is wrong. */
export function refusedDetails(code: string, message: string): string {
  const [first = '', ...rest] = message.split('\n').map((line) => escaped(line.trim(), 1_000));
  return [
    '### The batch was not opened',
    '',
    `**${escaped(code, 64)}**: ${first}`,
    ...(rest.length > 0 ? ['', ...rest.map((line) => `- ${line}`)] : []),
    '',
    'Nothing was begun. Correct the order and start it again, under the same workflow id.',
  ].join('\n');
}

function listed(name: string, text: string): string[] {
  return text === '' ? [] : [`- ${name}: ${text}`];
}
