/** A shipped and sealed unit as often as it takes: each with an identity, a history and a record of its own. */
import { availableParallelism } from 'node:os';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import type { WalkedUnit } from '../../test/support/walk-unit';

const LONG_MS = 7_200_000;
const CLONES_A_STATEMENT = 10_000;

/**
 * Every text of the unit's events and record in which an identifier stands is written anew, the chain and the record's
 * digest are computed anew: what reads them back finds nothing amiss. The ledger is not told of them; the auditor would be. A
 * clone may have been made so many months earlier, in the middle of one: its capsule is that month's.
 */
const makeClone = `
create function pg_temp.clone(p_unit uuid, p_n integer, p_back integer, p_serial text, p_macs text[], p_chip text, p_certificate text) returns void
language plpgsql as $$
declare
  fresh uuid := gen_random_uuid();
  mark text := lpad(to_hex(p_n), 8, '0');
  new_serial text := 'EUDV9999-' || lpad(p_n::text, 8, '0');
  macs text[] := array['70:B3:E5:' || regexp_replace(substr(mark, 3), '(..)(..)(..)', '\\1:\\2:\\3'), '70:B3:E6:' || regexp_replace(substr(mark, 3), '(..)(..)(..)', '\\1:\\2:\\3')];
  chip text := upper(substr(md5('chip' || p_n), 1, length(p_chip)));
  certificate text := encode(sha256(('certificate' || p_n)::bytea), 'hex');
  sealed timestamp;
  days integer;
  old_day text;
  new_day text;
  old_texts text[];
  new_texts text[];
  new_record text;
  one record;
  prev bytea := decode(repeat('00', 32), 'hex');
  old_head text;
begin
  select r.sealed_at at time zone 'UTC' into sealed from records r where r.unit_id = p_unit;
  days := case when p_back = 0 then 0
    else (date_trunc('month', sealed) - make_interval(months => p_back))::date + 14 - sealed::date end;
  old_day := to_char(sealed, 'YYYY-MM-DD"T"');
  new_day := to_char(sealed + make_interval(days => days), 'YYYY-MM-DD"T"');
  old_texts := array[p_unit::text, p_serial, p_macs[1], p_macs[2], p_chip, p_certificate, old_day];
  new_texts := array[fresh::text, new_serial, upper(macs[1]), upper(macs[2]), chip, certificate, new_day];
  for one in select * from unit_events where stream = 'unit:' || p_unit order by seq loop
    one.header := replace(replace(one.header, p_unit::text, fresh::text), old_day, new_day);
    one.body := pg_temp.renamed(one.body, old_texts, new_texts);
    insert into unit_events (stream, seq, type, key, header, body, prev, hash, at)
    values ('unit:' || fresh, one.seq, one.type, replace(one.key, p_unit::text, fresh::text), one.header, one.body, prev,
      sha256(prev || sha256(convert_to(one.header, 'UTF8')) || sha256(convert_to(one.body, 'UTF8'))),
      split_part(one.header, '|', 7)::timestamptz)
    returning hash into prev;
  end loop;
  select encode(head, 'hex') into old_head from units where id = p_unit;
  select pg_temp.renamed(r.body, old_texts || old_head, new_texts || encode(prev, 'hex'))
  into new_record from records r where r.unit_id = p_unit;
  insert into units select (jsonb_populate_record(u, jsonb_build_object('id', fresh, 'serial', new_serial, 'batch_index', 1000000 + p_n,
    'chip_uid', chip, 'certificate_sha256', certificate, 'head', '\\x' || encode(prev, 'hex')))).* from units u where u.id = p_unit;
  insert into records (unit_id, serial, format, body, sha256, sealed_at)
  select fresh, new_serial, r.format, new_record, encode(sha256(convert_to(new_record, 'UTF8')), 'hex'),
    (sealed + make_interval(days => days)) at time zone 'UTC' from records r where r.unit_id = p_unit;
  insert into identifiers (issuer, kind, value, unit_id, state)
  select i.issuer, i.kind, pg_temp.renamed(i.value, array[p_serial, p_macs[1], p_macs[2], p_chip, p_certificate],
    array[new_serial, upper(macs[1]), upper(macs[2]), chip, certificate]), fresh, i.state
  from identifiers i where i.unit_id = p_unit and i.kind in ('serial', 'mac', 'chip-uid', 'certificate');
  with queued as (
    insert into log_queue (format, stream, seq, sha256, salt)
    select q.format, 'unit:' || fresh, q.seq, encode(sha256(convert_to(new_record, 'UTF8')), 'hex'), sha256(fresh::text::bytea)
    from log_queue q where q.stream = 'unit:' || p_unit returning id)
  insert into log_pending (queue_id) select id from queued;
end $$`;

const makeRenamed = `
create function pg_temp.renamed(p_text text, p_from text[], p_to text[]) returns text language plpgsql immutable as $$
begin
  for i in 1 .. array_length(p_from, 1) loop p_text := replace(p_text, p_from[i], p_to[i]); end loop;
  return p_text;
end $$`;

export function cloneSerial(n: number): string {
  return `EUDV9999-${String(n).padStart(8, '0')}`;
}

/** As superuser, past the triggers that make it impossible to anybody else; by turns over the months. */
export async function cloneUnit(
  superuserUrl: string,
  unit: WalkedUnit,
  { clones, months }: { readonly clones: number; readonly months: number },
  onSome: (done: number) => void,
): Promise<void> {
  let next = 1;
  let done = 0;
  const makeSome = async (db: Database): Promise<void> => {
    await db.raw('set session_replication_role = replica');
    await db.raw(makeRenamed);
    await db.raw(makeClone);
    const { unitId, serial, macs, chipUid, certificateSha256 } = unit;
    while (next <= clones) {
      const from = next;
      const to = Math.min(clones, from + CLONES_A_STATEMENT - 1);
      next = to + 1;
      await db.raw(
        'select count(pg_temp.clone(?::uuid, n, n % ?::integer, ?, ?::text[], ?, ?)) from generate_series(?::integer, ?::integer) n',
        [unitId, months, serial, [...macs], chipUid, certificateSha256, from, to],
      );
      done += to - from + 1;
      onSome(done);
    }
  };
  await Promise.all(
    Array.from({ length: availableParallelism() }, () => withSuperuser(superuserUrl, makeSome)),
  );
  await withSuperuser(superuserUrl, async (db) => {
    await db.raw('vacuum (analyze)');
    await db.raw('checkpoint');
  });
}

/** One session: what is set and made for it holds until its end. */
async function withSuperuser(superuserUrl: string, work: (db: Database) => Promise<void>): Promise<void> {
  const db = openDatabase(superuserUrl, {
    applicationName: 'unitrail-bench',
    maxConnections: 1,
    statementTimeoutMs: LONG_MS,
  });
  try {
    await work(db);
  } finally {
    await db.destroy();
  }
}
