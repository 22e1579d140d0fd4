/** What an engineer typed into the web UI's box, as a decision. Whether it may be taken is judged elsewhere. */
import { UNIDENTIFIED, type Decision } from '../domain/decision';
import type { Step } from '../domain/unit-lifecycle';
import type { ReworkInput, RetryInput, ScrapInput } from './unit-messages';

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
  };
}

export function scrapOf(input: Partial<ScrapInput> | undefined): Decision {
  return { action: 'scrap', by: operatorOf(input?.by), reason: input?.reason ?? '' };
}

/** An operator number is text; in a box of JSON people write it as a number as well. */
function operatorOf(by: unknown): string {
  return typeof by === 'number' ? String(by) : ((by as string | null | undefined) ?? UNIDENTIFIED);
}
