import { createHash } from 'node:crypto';
import type { Findings } from './findings';
import { eventName, type StoredEvent } from './stored-event';

/** What the stream's own row says of its end; null where there is no such row. */
export interface RecordedHead {
  readonly seq: number;
  readonly head: Buffer;
}

const ZERO_HASH = Buffer.alloc(32);
/** A part of a header holds neither the separator nor a control character. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[|\u0000-\u001f\u007f-\u009f]/;

/** A1. Recomputes the chain of one stream from the stored bytes. */
export function checkChain(
  events: readonly StoredEvent[],
  recorded: RecordedHead | null,
  name: string,
  findings: Findings,
): void {
  let seq = 0;
  let prev: Buffer = ZERO_HASH;
  for (const event of events) {
    const problem = linkProblem(event, seq + 1, prev) ?? headerProblem(event) ?? hashProblem(event);
    if (problem) findings.violation('A1', eventName(name, event), problem.found, problem.expected);
    seq = event.seq;
    prev = event.hash;
  }
  const problem = headProblem(recorded, seq, prev);
  if (problem) findings.violation('A1', name, problem.found, problem.expected);
}

interface Problem {
  readonly found: string;
  readonly expected: string;
}

function linkProblem(event: StoredEvent, seq: number, prev: Buffer): Problem | null {
  if (event.seq !== seq) return { found: `seq ${event.seq}`, expected: `seq ${seq}` };
  if (event.prev.equals(prev)) return null;
  return { found: `prev ${hex(event.prev)}`, expected: `the hash before it, ${hex(prev)}` };
}

function headerProblem(event: StoredEvent): Problem | null {
  const login = loginOf(event);
  const expected = headerOf(event, login ?? 'LOGIN');
  if (login === null || event.header !== expected) return { found: `header ${event.header}`, expected };
  const bad = [event.stream, event.type, event.key, login].find(
    (part) => part === '' || FORBIDDEN.test(part),
  );
  if (bad === undefined) return null;
  return {
    found: JSON.stringify(bad),
    expected: 'parts that are not empty, without "|" or control characters',
  };
}

function headerOf(event: StoredEvent, login: string): string {
  return `v1|${event.stream}|${event.seq}|${event.type}|${event.key}|${login}|${event.at}`;
}

/** The login stands in the header alone. Null where the header has not seven parts. */
export function loginOf(event: Pick<StoredEvent, 'header'>): string | null {
  const parts = event.header.split('|');
  return parts.length === 7 ? (parts[5] ?? null) : null;
}

function hashProblem(event: StoredEvent): Problem | null {
  const computed = hashOf(event.prev, event.header, event.body);
  if (computed.equals(event.hash)) return null;
  return { found: `hash ${hex(event.hash)}`, expected: `${hex(computed)}, recomputed from its bytes` };
}

export function hashOf(prev: Buffer, header: string, body: string): Buffer {
  return createHash('sha256').update(prev).update(sha256(header)).update(sha256(body)).digest();
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

function headProblem(recorded: RecordedHead | null, seq: number, head: Buffer): Problem | null {
  const end = `its last event, seq ${seq} with hash ${hex(head)}`;
  if (recorded === null)
    return { found: 'events without a row of their own', expected: `a row that ends with ${end}` };
  if (recorded.seq === seq && recorded.head.equals(head)) return null;
  return { found: `a row with seq ${recorded.seq} and head ${hex(recorded.head)}`, expected: end };
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex');
}
