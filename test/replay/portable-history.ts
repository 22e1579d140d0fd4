import { homedir, hostname, tmpdir } from 'node:os';
import { temporal } from '@temporalio/proto';

export type History = temporal.api.history.v1.IHistory;
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Who polled, and on which queue of its own: `pid@host`, alone or as the beginning of a name. Replay reads neither. */
const processNames = new RegExp(`\\d+@${escaped(hostname())}`, 'g');
const processName = 'unitrail';

/*
 * Protobuf's objects with text for enums, 64-bit numbers and bytes. The SDK's own historyToJSON and historyFromJSON
 * fail where npm installs protobufjs twice (`type must be a Type`), as it does here.
 */
const { History } = temporal.api.history.v1;
const asText = { enums: String, longs: String, bytes: String };

export function historyOf(stored: unknown): History {
  return History.fromObject(stored as Record<string, unknown>);
}

/**
 * A history as it is stored: one event a line, without host names and without the paths of stack traces.
 * Throws where something of this machine is left in it.
 */
export function portableHistory(history: History): string {
  const { events } = History.toObject(History.fromObject(history), asText) as { events: Json[] };
  const lines = events.map((event) => JSON.stringify(cleaned(event)));
  for (const line of lines) refuseTraces(line);
  return `{"events":[\n${lines.join(',\n')}\n]}\n`;
}

function cleaned(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll(processNames, processName);
  if (Array.isArray(value)) return value.map(cleaned);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'stackTrace');
  return Object.fromEntries(kept.map(([name, member]) => [name, cleaned(member)]));
}

/** What people wrote into messages and payloads is looked at as well, not only what has a known place. */
function refuseTraces(line: string): void {
  const text = [line, ...payloadsOf(line)].join('\n');
  const found = [`@${hostname()}`, homedir(), tmpdir(), process.cwd()].find((trace) => text.includes(trace));
  if (found) throw new Error(`an event holds "${found}" of this machine: ${line.slice(0, 400)}`);
}

function payloadsOf(line: string): string[] {
  return [...line.matchAll(/"data":"([A-Za-z0-9+/=]+)"/g)].map(([, data]) =>
    Buffer.from(data!, 'base64').toString('utf8'),
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
