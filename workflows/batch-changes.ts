import type { BatchChange } from '../domain/batch-control';
import type { ByInput } from './batch-messages';
import { operatorOf } from './unit-decisions';

/** What stands in the box of the web UI is anything: wrong shapes become changes that the domain refuses by field. */
function byOf(input: ByInput | undefined): { by: string; note?: string } {
  const { by, note } = input ?? {};
  return { by: operatorOf(by), ...(note !== undefined && { note }) };
}

export function toggleOf(action: 'pause' | 'resume', input: ByInput | undefined): BatchChange {
  return { action, ...byOf(input) };
}

export function cancelOf(input: ByInput | undefined): BatchChange {
  return { action: 'cancel', note: '', ...byOf(input) };
}

export function topUpOf(input: (ByInput & { quantity?: number }) | undefined): BatchChange {
  return { action: 'topUp', note: '', ...byOf(input), quantity: input?.quantity as number };
}

export function windowOf(input: (ByInput & { window?: number }) | undefined): BatchChange {
  return { action: 'setWindow', ...byOf(input), window: input?.window as number };
}

export function priorityOf(input: (ByInput & { priority?: number }) | undefined): BatchChange {
  return { action: 'setPriority', ...byOf(input), priority: input?.priority as number };
}
