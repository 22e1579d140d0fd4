/** The one place where workflow ids are made. Other programs and people's links rely on them. */
export function batchWorkflowId(batch: string): string {
  return `batch:${batch}`;
}

/** A part of a batch, in the order in which they were begun: `batch:B2407-01/3`. */
export function partitionWorkflowId(batch: string, number: number): string {
  return `${batchWorkflowId(batch)}/${number}`;
}

/** `name` is the unit's serial; where the number is a buyer's own, with the buyer before it: `acme:00001`. */
export function unitWorkflowId(name: string): string {
  return `unit:${name}`;
}

export function shipmentWorkflowId(batch: string): string {
  return `shipment:${batch}`;
}

/**
 * Of a buyer's schedule, and the beginning of the ids of its runs: `export:acme-2026-11-30T06:00:00Z`. Not back from it:
 * `export:acme-eu-…` may be of acme, or of acme-eu.
 */
export function exportScheduleId(buyer: string): string {
  return `export:${buyer}`;
}

/** Of the schedule, and the beginning of the ids of its runs. */
export const retentionScheduleId = 'retention';

/** The same of the notices. */
export const noticesScheduleId = 'notices';

/** Of the schedule, and the beginning of the ids of its runs. */
export const logScheduleId = 'log';

/** The same of the search for bit rot. */
export const storeCheckScheduleId = 'store-check';

export const taskQueues = {
  workflows: 'unitrail.workflows',
  office: 'unitrail.office',
  station: (station: string): string => `station.${station}`,
} as const;
