/** The one place where workflow ids are made. Other programs and people's links rely on them. */
export function batchWorkflowId(batch: string): string {
  return `batch:${batch}`;
}

export function unitWorkflowId(serial: string): string {
  return `unit:${serial}`;
}

export function shipmentWorkflowId(batch: string): string {
  return `shipment:${batch}`;
}

export const taskQueues = {
  workflows: 'unitrail.workflows',
  office: 'unitrail.office',
  station: (station: string): string => `station.${station}`,
} as const;
