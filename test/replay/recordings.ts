import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyOf, type History } from './portable-history';

/** One story of a workflow each. A new one is recorded for the version at hand; old versions keep what they have. */
export const scenarios = [
  'unit-happy',
  'unit-healed-by-retry',
  'unit-held-and-retried',
  'unit-reworked',
  'unit-scrapped',
  'unit-cancelled',
  'unit-reset',
  'batch',
  'batch-cancelled',
  'batch-continued',
  'partition',
  'partition-continued',
  'partition-paused',
  'shipment',
  'resolve-units',
  'packing',
  'export',
  'retention',
  'retention-absent',
  'retention-apart',
  'store-check',
] as const;

export type Scenario = (typeof scenarios)[number];

/** Every released version whose workflows may still run somewhere, and the scenarios that were recorded with it. */
export const released: readonly { readonly version: string; readonly scenarios: readonly Scenario[] }[] = [
  { version: 'v0.1.0', scenarios },
];

export interface Recording {
  readonly version: string;
  readonly scenario: Scenario;
}

export const recordings: readonly Recording[] = released.flatMap(({ version, scenarios: recorded }) =>
  recorded.map((scenario) => ({ version, scenario })),
);

const folder = join(__dirname, 'histories');

export function recordingFile({ version, scenario }: Recording): string {
  return join(folder, version, `${scenario}.json`);
}

/** What is there, whether it is listed or not: `v0.1.0/batch.json`. */
export async function historyFiles(): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.json')).sort();
}

/** An event as it stands in the file. */
export interface RecordedEvent {
  readonly eventType: string;
  readonly workflowExecutionStartedEventAttributes?: {
    readonly workflowId: string;
    readonly workflowType: { readonly name: string };
  };
  readonly activityTaskScheduledEventAttributes?: {
    readonly activityType: { name: string };
    readonly taskQueue: { readonly name: string };
  };
}

export interface RecordedHistory {
  readonly events: readonly RecordedEvent[];
}

/** Fails by the recording's name where it is missing. */
export async function readRecording(recording: Recording): Promise<RecordedHistory> {
  const file = recordingFile(recording);
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text !== null) return JSON.parse(text) as RecordedHistory;
  const { version, scenario } = recording;
  throw new Error(`the recording ${version}/${scenario} is missing; npx tsx test/replay/record.ts makes it`);
}

/** As the SDK's replay takes it. */
export function toReplay(history: RecordedHistory): { workflowId: string; history: History } {
  const { workflowId } = history.events[0]!.workflowExecutionStartedEventAttributes!;
  return { workflowId, history: historyOf(history) };
}
