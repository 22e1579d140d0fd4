/** What an engineer typed into the web UI's box, as a decision. Whether it may be taken is judged elsewhere. */
import { UNIDENTIFIED, type Decision } from '../domain/decision';
import type { Step } from '../domain/unit-lifecycle';
import type {
  DecideInput,
  FoundInput,
  MissingInput,
  ReworkInput,
  RetryInput,
  ScrapInput,
} from './unit-messages';

export function retryOf(input: RetryInput | undefined): Decision {
  return {
    action: 'retry',
    by: operatorOf(input?.by),
    ...(input?.note !== undefined && { note: input.note }),
    ...(input?.label !== undefined && { label: input.label }),
  };
}

export function reworkOf(input: Partial<ReworkInput> | undefined): Decision {
  return {
    action: 'rework',
    by: operatorOf(input?.by),
    reason: input?.reason ?? '',
    step: input?.step as Step,
    ...(input?.firmware !== undefined && { firmware: input.firmware }),
  };
}

export function scrapOf(input: Partial<ScrapInput> | undefined): Decision {
  return {
    action: 'scrap',
    by: operatorOf(input?.by),
    reason: input?.reason ?? '',
    ...(input?.code !== undefined && { code: input.code }),
  };
}

export function missingOf(input: Partial<MissingInput> | undefined): Decision {
  return {
    action: 'missing',
    by: operatorOf(input?.by),
    reason: input?.reason ?? '',
    lastSeen: input?.lastSeen ?? '',
    lastSeenAt: input?.lastSeenAt ?? '',
  };
}

export function foundOf(input: Partial<FoundInput> | undefined): Decision {
  return {
    action: 'found',
    by: operatorOf(input?.by),
    place: input?.place ?? '',
    ...(input?.note !== undefined && { note: input.note }),
  };
}

const bySignal = { retry: retryOf, rework: reworkOf, scrap: scrapOf, missing: missingOf, found: foundOf };

/** Whoever holds a Temporal credential may send anything: only a word of ours leads to a decision. */
export function decisionOf(input: DecideInput | undefined): Decision | null {
  const action = String(input?.action);
  return Object.hasOwn(bySignal, action) ? bySignal[action as Decision['action']](input) : null;
}

/** An operator number is text; in a box of JSON people write it as a number as well. */
export function operatorOf(by: unknown): string {
  return typeof by === 'number' ? String(by) : ((by as string | null | undefined) ?? UNIDENTIFIED);
}
