import { adviceFor } from '../domain/advice';
import { code, escaped, verbatim } from '../domain/markdown';
import type { DoneStep, UnitFacts } from '../domain/unit-facts';
import { workflowList, workflowPage } from '../domain/ui-links';
import { stepNumber, type Standing, type Step } from '../domain/unit-lifecycle';
import { batchWorkflowId } from '../domain/workflow-ids';
import type { Failure } from './failure';

/** All that the unit's page tells. */
export interface PageFacts {
  readonly namespace: string;
  readonly batch: string;
  readonly standing: Standing;
  readonly trial: boolean;
  readonly facts: UnitFacts | null;
  readonly done: readonly DoneStep[];
  readonly doing: { readonly what: string; readonly since: number };
  readonly failure: Failure | null;
  /** The open quality hold that it waits for, as `id: reason`. */
  readonly hold: string | null;
  readonly repeats: number;
  readonly station: string | null;
  readonly cancel: string;
}

/** The unit's page in the web UI, for somebody who did not build it and has little time: what it is, where it stands, what to do. */
export function unitDetails(page: PageFacts): string {
  const sections = [
    [`### Unit ${escaped(page.standing.serial, 100)}`, ...whatItIs(page)],
    standing(page),
    failed(page),
    toDo(page),
    tried(page),
    done(page),
    links(page),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function whatItIs({ facts, batch, station }: PageFacts): string[] {
  if (!facts) return ['', `Batch ${escaped(batch, 100)}`];
  const parts = [
    `${escaped(facts.product, 50)} (${escaped(facts.productName, 100)})`,
    `batch ${escaped(batch, 100)}, no. ${facts.index}`,
    `firmware ${escaped(facts.firmware, 64)}`,
    `chip ${facts.chipUid ? code(facts.chipUid, 64) : 'none bound yet'}`,
    ...(station ? [`last at station ${escaped(station, 64)}`] : []),
  ];
  return ['', parts.join(' · ')];
}

function standing({ standing: s, trial, hold, cancel, doing }: PageFacts): string[] {
  const where = `**${s.state}** at step **${s.step}** (${stepNumber(s.step)} of 7), attempt ${s.attempt}`;
  const holds = hold
    ? [`**On quality hold** (${escaped(hold)}): nothing new begins until it is released.`]
    : [];
  const asked =
    cancel === 'asked'
      ? ['Cancel was pressed: the unit is parked as soon as what is under way has ended.']
      : [];
  return [[where, ...progress(s, doing, trial), ...holds, ...asked].join('  \n')];
}

const waits: Readonly<Record<string, string>> = {
  reads: 'reads where it stands',
  slot: 'waits for a slot at a station that does this step',
  act: 'is under way',
  hold: 'waits until its quality hold is released',
  shipment: 'waits to be packed and shipped',
};

/** What takes long without failing is infrastructure, and this page can't see its cause: another one can. */
function progress({ state, step }: Standing, { what, since }: PageFacts['doing'], trial: boolean): string[] {
  if (state === 'ReadyToShip' || state === 'Packed')
    return [trial ? 'A trial unit stays in the house.' : `It ${waits.shipment}.`];
  if (state !== 'InProgress') return [];
  return [
    `The step ${step} ${waits[what] ?? 'is under way'} since ${instant(since)}. A fault of the infrastructure (database, CA, image store, a worker that is away) is retried without end, at most five minutes apart, and needs no decision: its cause stands under *Pending Activities* as the last failure.`,
  ];
}

function failed({ standing: s, failure, facts, station }: PageFacts): string[] {
  if (!failure) return [];
  const known = facts?.failure?.code === failure.code ? facts.failure : null;
  const output = known && known.output.length > 0 ? known.output : (failure.output ?? []);
  const at = [known?.station ?? station, known && instant(Date.parse(known.at))].filter(Boolean).join(', ');
  return [
    `#### What failed`,
    '',
    `**${failure.code.replace(/[^A-Z0-9_]/g, '').slice(0, 64)}**: ${escaped(failure.message, 1_000)}`,
    ...(at ? [`(${s.step}, ${escaped(at, 100)})`] : []),
    ...(output.length > 0 ? ['', 'The last lines of the tool’s output:', '', verbatim(output)] : []),
  ];
}

function toDo({ standing: s, failure, facts }: PageFacts): string[] {
  if (s.state === 'Missing')
    return ['It is missing. When it turns up: `unitrail unit found SERIAL --by 17 --place "…"`.'];
  if (s.state !== 'AwaitingEngineer') return [];
  const question = failure?.code === 'PRINT_UNKNOWN' || (facts?.labelInQuestion ?? null) !== null;
  const retry = question
    ? '{"by": "17", "label": "none"}` or `{"by": "17", "label": "found"}'
    : '{"by": "17", "note": "what was done"}';
  return [
    '#### What to do',
    '',
    advice(failure, facts),
    '',
    'Then *More Actions → Send an Update*, and paste:',
    '',
    ...(facts?.needsCertificate && stepNumber(s.step) > 4 ? [] : [`- \`retryStep\` with \`${retry}\``]),
    ...reworkLine(s.step, facts),
    '- `scrap` with `{"by": "17", "reason": "…", "code": "damaged"}`: for ever',
    '- `missing` with `{"by": "17", "reason": "…", "lastSeen": "rack 4", "lastSeenAt": "2026-01-31T14:30:00Z"}`',
    '',
    `\`"expectedAttempt": ${s.attempt}\` beside it refuses a second click. Your operator number stands for 17.`,
  ];
}

function advice(failure: Failure | null, facts: UnitFacts | null): string {
  if (facts?.needsCertificate)
    return 'It was missing, and its certificate was revoked then: look at it closely, rework it from provision or an earlier step, or scrap it.';
  if (!failure) return 'It was found again: look at it closely, then retry the step, rework it or scrap it.';
  return escaped(adviceFor(failure.code));
}

/** At assign there is nothing to go back to. */
function reworkLine(step: Step, facts: UnitFacts | null): string[] {
  if (step === 'assign') return [];
  return [
    `- \`rework\` with \`{"by": "17", "reason": "…", "step": "${reworkStep(step, facts)}"}\`; for another release from flash, with \`"firmware": "…"\` as well`,
  ];
}

/** The usual one; what is later than the unit's own step is refused. */
function reworkStep(step: Step, facts: UnitFacts | null): Step {
  return facts?.needsCertificate && stepNumber(step) > 4 ? 'provision' : 'flash';
}

function tried({ facts, repeats, standing: s }: PageFacts): string[] {
  const again = repeats > 0 ? [`- ${s.step}: repeated ${repeats} times by itself in this attempt`] : [];
  const lines = (facts?.tried ?? []).map(
    ({ at, what }) => `- ${instant(Date.parse(at))} ${escaped(what, 400)}`,
  );
  if (lines.length + again.length === 0) return [];
  const left =
    facts && facts.failedTries > lines.length ? [`- ${facts.failedTries} failed tries in all`] : [];
  return ['#### What was tried', '', ...lines, ...again, ...left];
}

function done({ done: steps }: PageFacts): string[] {
  if (steps.length === 0) return [];
  const lines = steps.map(({ step, at, attempt, station }) => {
    const where = station && step !== 'assign' ? ` at ${escaped(station, 64)}` : '';
    return `${stepNumber(step)}. ${step}, ${instant(Date.parse(at))}${where}${attempt > 1 ? `, attempt ${attempt}` : ''}`;
  });
  return ['#### Done', '', ...lines];
}

function links({ namespace, batch, standing: s, failure }: PageFacts): string[] {
  const held = { UnitState: 'AwaitingEngineer', ExecutionStatus: 'Running' };
  const all: [name: string, url: string][] = [
    ['its batch', workflowPage(namespace, batchWorkflowId(batch))],
    ['held in this batch', workflowList(namespace, { ...held, BatchId: batch })],
  ];
  if (s.state === 'AwaitingEngineer') {
    all.push([`held at ${s.step}`, workflowList(namespace, { ...held, UnitStep: s.step })]);
    if (failure)
      all.push([`held with this code`, workflowList(namespace, { ...held, FailureCode: failure.code })]);
  }
  return [all.map(([name, url]) => `[${name}](${url})`).join(' · ')];
}

function instant(at: number): string {
  return Number.isNaN(at) ? '?' : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
