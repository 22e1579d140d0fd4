/** What somebody with the superuser's rights can do to a database: the auditor has to notice. */
import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { withSuperuser, type TestDatabase } from './database';

/** Triggers and foreign keys are off; check and unique constraints hold even so. */
export async function tamper<T>(database: TestDatabase, work: (superuser: Client) => Promise<T>): Promise<T> {
  return withSuperuser(async (superuser) => {
    await superuser.query(`set session_replication_role = replica; set timezone = 'UTC'`);
    return work(superuser);
  }, database.superuserUrl);
}

export interface Told {
  readonly type: string;
  readonly key: string;
  readonly login: string;
  readonly body: string;
  readonly time: string;
}

/** Tells a stream's history anew, with a chain that verifies and a head to match: a lie that only its content gives away. */
export async function rewriteHistory(
  superuser: Client,
  stream: string,
  retell: (history: Told[]) => readonly Told[],
): Promise<void> {
  const stored = await superuser.query<{ type: string; key: string; header: string; body: string }>(
    'select type, key, header, body from unit_events where stream = $1 order by seq',
    [stream],
  );
  const told = stored.rows.map(({ header, ...row }) => ({
    ...row,
    login: header.split('|')[5]!,
    time: header.split('|')[6]!,
  }));
  await superuser.query('delete from unit_events where stream = $1', [stream]);
  let head: Buffer = Buffer.alloc(32);
  let seq = 0;
  for (const event of retell(told)) head = await insertEvent(superuser, stream, (seq += 1), head, event);
  await setHead(superuser, stream, seq, head);
}

async function insertEvent(
  superuser: Client,
  stream: string,
  seq: number,
  prev: Buffer,
  event: Told,
): Promise<Buffer> {
  const header = ['v1', stream, seq, event.type, event.key, event.login, event.time].join('|');
  const hash = sha256(Buffer.concat([prev, sha256(header), sha256(event.body)]));
  await superuser.query(
    'insert into unit_events (stream, seq, type, key, header, body, prev, hash, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [stream, seq, event.type, event.key, header, event.body, prev, hash, event.time],
  );
  return hash;
}

async function setHead(superuser: Client, stream: string, seq: number, head: Buffer): Promise<void> {
  const [kind, id] = [stream.slice(0, 5), stream.slice(5)];
  if (kind === 'unit:')
    await superuser.query('update units set seq = $2, head = $3 where id = $1', [id, seq, head]);
  else await superuser.query('update streams set seq = $2, head = $3 where stream = $1', [stream, seq, head]);
}

/** Changes facts in the bodies of one type of event; the text stays canonical as long as no name is added. */
export function withFacts(type: string, facts: Record<string, unknown>): (history: Told[]) => Told[] {
  return (history) =>
    history.map((event) =>
      event.type === type
        ? { ...event, body: JSON.stringify({ ...(JSON.parse(event.body) as object), ...facts }) }
        : event,
    );
}

function sha256(bytes: Buffer | string): Buffer {
  return createHash('sha256').update(bytes).digest();
}
