import { controlsText, heldText, paceText, progressBar } from '../domain/batch-report';
import type { Column } from '../domain/columns';
import type { HeldUnit, StateCount } from '../adapters/postgres/batch-queries';
import type { UnseenUnit } from '../adapters/postgres/batch-report';
import { outcomeOf, type BatchStatus } from './batch-progress';
import { decisionCommand } from './decision-command';

/** `14 of 24 ready, 6 in progress, 1 held` */
export function lineText({
  quantity,
  ready,
  shipped,
  inProgress,
  held,
  claimed,
  counts,
}: BatchStatus): string {
  const done = shipped > 0 ? `${shipped} of ${quantity} shipped` : `${ready} of ${quantity} ready`;
  const parts = [
    ...(shipped > 0 && ready > 0 ? [`${ready} ready`] : []),
    ...(inProgress > 0 ? [`${inProgress} in progress`] : []),
    ...(held > 0 ? [`${held} held`] : []),
    ...rarely.flatMap(([state, word]) => told(counts, state, word)),
    ...(claimed < quantity ? [`${quantity - claimed} not begun`] : []),
  ];
  return [done, ...parts].join(', ');
}

const rarely = [
  ['OnHold', 'on quality hold'],
  ['Scrapped', 'scrapped'],
  ['Missing', 'missing'],
  ['Void', 'void'],
] as const;

function told(counts: readonly StateCount[], state: string, word: string): string[] {
  const units = counts.filter((count) => count.state === state).reduce((sum, count) => sum + count.units, 0);
  return units > 0 ? [`${units} ${word}`] : [];
}

/** A bar of what is done, how many units are at each step, what is held and why, and how long it will take. */
export function progressText(status: BatchStatus): string {
  const { counts, report } = status;
  const steps = counts
    .filter(({ state }) => state === 'InProgress')
    .map(({ step, units }) => `${step} ${units}`);
  const notes = [
    ...(steps.length > 0 ? [`(${steps.join(', ')})`] : []),
    ...[heldText(report), paceText(report), controlsText(report)]
      .filter((text) => text !== '')
      .map((text) => `· ${text}`),
  ];
  return [progressBar(status), lineText(status), ...notes].join(' ');
}

export function outcomeText(status: BatchStatus): string {
  const { batch, held, shipped, shipment } = status;
  const [waiting, command] =
    held > 0
      ? [`${held} held`, decisionCommand('SERIAL')]
      : ['units on hold', 'unitrail unit release SERIAL --by OPERATOR --note TEXT'];
  const texts = {
    shipped: `Batch ${batch} has shipped: ${shipped} units in shipment ${shipment}.`,
    'nothing left': `Batch ${batch} has ended: none of its units is left to ship.`,
    'waits for a person': `Batch ${batch} has ended but for ${waiting}: its shipment waits for a decision: ${command}.`,
    ready: `Batch ${batch} has ended: its units are ready, and wait for a shipment.`,
    'under way': `Batch ${batch} is under way.`,
  };
  return texts[outcomeOf(status)];
}

/** `20 of 23 units (87 %)` */
export function firstPassText({ firstPass }: BatchStatus): string {
  if (firstPass.yield === null) return 'no unit judged yet';
  return `${firstPass.passed} of ${firstPass.judged} units (${Math.floor(firstPass.yield * 100)} %) without a hold, retry or rework`;
}

export const countColumns: readonly Column<StateCount>[] = [
  { name: 'state', heading: 'State', kind: 'text', value: ({ state }) => state },
  { name: 'step', heading: 'Step', kind: 'text', value: ({ step }) => step },
  { name: 'units', heading: 'Units', kind: 'number', value: ({ units }) => units },
];

export const heldColumns: readonly Column<HeldUnit>[] = [
  { name: 'serial', heading: 'Held', kind: 'text', value: ({ serial }) => serial },
  { name: 'step', heading: 'Step', kind: 'text', value: ({ step }) => step },
  { name: 'attempt', heading: 'Attempt', kind: 'number', value: ({ attempt }) => attempt },
  { name: 'code', heading: 'Cause', kind: 'text', value: ({ code }) => code },
  { name: 'message', heading: 'What happened', kind: 'text', value: ({ message }) => message },
];

export const unseenColumns: readonly Column<UnseenUnit>[] = [
  { name: 'serial', heading: 'Not seen', kind: 'text', value: ({ serial }) => serial },
  { name: 'state', heading: 'State', kind: 'text', value: ({ state }) => state },
  { name: 'step', heading: 'Step', kind: 'text', value: ({ step }) => step },
  { name: 'lastSeen', heading: 'Last seen (UTC)', kind: 'date', value: ({ lastSeen }) => lastSeen },
];
