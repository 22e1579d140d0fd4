-- Why: retention trusted a clock that had jumped by less than a hundred days, held less than a legal hold is about, and left files
-- behind, or removed some too early, at the end of an archive. All of it is judged here, from what is on record.

-- 1. The clock.
-- What this database's clock said, once an hour while an office works, and whenever a retention run was opened. A clock that
-- jumps leaves a gap here, or goes back: either is seen, also months later.
create table clock_marks (
  id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  -- The run that was opened then.
  run_id text,
  constraint clock_marks_pkey primary key (id),
  constraint clock_marks_run_once unique (run_id),
  constraint clock_marks_run foreign key (run_id) references retention_runs (id)
);
create trigger clock_marks_append_only before update or delete on clock_marks for each row execute function refuse_change();
create trigger clock_marks_no_truncate before truncate on clock_marks execute function refuse_change();
grant select on clock_marks to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;

-- What is known of the time before there were marks: the last run that was trusted, and the log's checkpoints since, one an hour.
insert into clock_marks (at, run_id) select opened_at, id from retention_runs where clock_trusted order by opened_at desc limit 1;
insert into clock_marks (at)
select min(c.booked_at) from log_checkpoints c where c.booked_at > (select max(at) from clock_marks)
group by date_trunc('hour', c.booked_at) order by 1;

-- Why the clock of a run was doubted, also where somebody has confirmed it.
alter table retention_runs add column clock_doubt text;

create or replace function refuse_run_change() returns trigger
language plpgsql as $$
begin
  if (new.id, new.request, new.as_of, new.opened_at, new.clock_confirmed_by, new.clock_trusted, new.clock_doubt)
     is distinct from (old.id, old.request, old.as_of, old.opened_at, old.clock_confirmed_by, old.clock_trusted, old.clock_doubt)
     or old.planned_at is not null and new.planned_at is distinct from old.planned_at or old.ended_at is not null then
    raise exception using errcode = '42501', message = format('retention run %s can not become that', old.id);
  end if;
  return new;
end $$;

-- Once an hour, whoever asks how often. A clock that has gone back leaves a mark at once.
create function mark_clock() returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_office();
  insert into clock_marks (at) select clock_timestamp()
  where not exists (select from (select at from clock_marks order by id desc limit 1) newest
    where newest.at between clock_timestamp() - interval '1 hour' and clock_timestamp());
end $$;

-- How far all clocks of a plant may be wrong together before that is seen: nothing is erased before so much more has gone by.
create function clock_slack() returns interval
language sql immutable as $$
  select interval '7 days'
$$;

-- Why this database's clock can't be trusted, or null: another clock says something else, or it has jumped or gone back since the
-- last run that could be trusted. `p_apart` is how far it is, at least, from the clock of whoever asks. A time to judge by that
-- it has not reached is refused.
create function clock_doubt(p_as_of timestamptz, p_apart interval) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  trusted bigint;
  step record;
begin
  if p_as_of is null then perform refuse('UT007', 'asOf is missing'); end if;
  if p_as_of > clock_timestamp() + interval '1 minute' then
    perform refuse('UT021', format('asOf %s is later than the clock of the database, %s: a clock is wrong. Nothing was done',
      told_time(p_as_of), told_time(clock_timestamp())));
  end if;
  if p_apart > interval '10 minutes' then
    return format('the clock of the database, %s, and that of the program that asks it are %s apart',
      trim(told_time(clock_timestamp()), '"'), date_trunc('seconds', p_apart));
  end if;
  select max(m.id) into trusted from clock_marks m join retention_runs r on r.id = m.run_id where r.clock_trusted;
  select s.* into step from (
    select t.at, lag(t.at) over (order by t.id) as before from (
      select m.id, m.at from clock_marks m where m.id >= coalesce(trusted, 0)
      -- Where nothing was marked yet: when somebody last said what the plant is.
      union all select 0, max(v.applied_at) from plant_versions v where not exists (select from clock_marks)
      union all select 9223372036854775807, clock_timestamp()) t) s
  where s.at - s.before > clock_slack() or s.before - s.at > interval '10 minutes'
  limit 1;
  if not found then return null; end if;
  return format('the clock of the database went from %s to %s at once', trim(told_time(step.before), '"'), trim(told_time(step.at), '"'));
end $$;

-- Opens one run. It judges by the time it was planned for, and never by one that this database's clock has not reached. Where
-- that clock is in doubt, somebody has to say that it is right.
create function open_retention_run(p_request text, p_as_of timestamptz, p_confirmed_by text, p_apart interval) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  doubt text;
begin
  perform check_office();
  perform check_word('request', p_request);
  if p_confirmed_by is not null then perform check_word('confirmed by', p_confirmed_by); end if;
  perform pg_advisory_xact_lock(hashtext('unitrail.retention'));
  select * into r from retention_runs where request = p_request;
  if found then return r.id; end if;
  doubt := clock_doubt(p_as_of, p_apart);
  insert into retention_runs (id, request, as_of, clock_confirmed_by, clock_trusted, clock_doubt)
  values (to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD') || '-' || (select count(*) + 1 from retention_runs), p_request, p_as_of,
    p_confirmed_by, doubt is null or p_confirmed_by is not null, doubt)
  returning * into r;
  insert into clock_marks (at, run_id) values (r.opened_at, r.id);
  perform append_to_stream('retention:' || r.id, 'retentionOpened', 'opened',
    format('{"asOf":%s,"clockConfirmedBy":%s,"clockDoubt":%s,"clockTrusted":%s}',
      told_time(r.as_of), json_or_null(r.clock_confirmed_by), json_or_null(r.clock_doubt), r.clock_trusted::text));
  return r.id;
end $$;

-- As workers of the version before ask: they know of no other clock.
create or replace function open_retention_run(p_request text, p_as_of timestamptz, p_confirmed_by text) returns text
language sql security definer set search_path = public, pg_temp as $$
  select open_retention_run(p_request, p_as_of, p_confirmed_by, interval '0')
$$;

-- Until when the archive is kept: the longest of what every version that counts says, and what a clock may be wrong unseen. Null: for ever.
create or replace function archive_until(p_product text, p_buyer text) returns timestamptz
language sql stable as $$
  select case when bool_and(t.archive_years is not null) then
    clock_slack() + max(greatest(coalesce(last_placed(p_product), clock_timestamp()) + make_interval(years => t.archive_years), (t.support_ends + 1)::timestamp at time zone 'UTC'))
  end
  from versions_that_count() v left join lateral retention_terms(v.document, p_product, p_buyer) t on true
$$;

grant execute on function mark_clock(), open_retention_run(text, timestamptz, text, interval) to unitrail_office;
grant execute on function clock_doubt(timestamptz, interval) to unitrail_office, unitrail_desk;

-- 2. Legal holds.
-- Units that still have another release in the flash than the one they are pinned to: those that were reworked, and not flashed since.
create index units_flashed_otherwise on units (flashed_sha256) where flashed_sha256 <> firmware_sha256;

-- Units that somebody holds, by whatever the hold is about: any unit that fits at the moment of looking. Rather one too many: a
-- hold costs disk, and what is gone can't be held.
create or replace view units_on_legal_hold as
select h.id as hold_id, h.unit_id from legal_holds h where h.kind = 'unit' and h.released_at is null
union all
select h.id, u.id from legal_holds h join units u on u.batch_id = h.value where h.kind = 'batch' and h.released_at is null
union all
select h.id, l.unit_id from legal_holds h join unit_lots l on l.lot = h.value where h.kind = 'lot' and h.released_at is null
union all
-- By their batches, which are few, and indexed by it: the lot of a board is that of its batch.
select h.id, u.id from legal_holds h join batches b on b.board_lot = h.value join units u on u.batch_id = b.id and u.board_lot is not null
where h.kind = 'lot' and h.released_at is null
union all
select h.id, u.id from legal_holds h join units u on u.firmware_version = h.value where h.kind = 'firmware' and h.released_at is null
union all
-- In the flash, whatever the unit is pinned to.
select h.id, u.id from legal_holds h join recipes r on r.body::jsonb #>> '{firmware,version}' = h.value
join units u on u.flashed_sha256 = r.body::jsonb #>> '{firmware,sha256}' and u.flashed_sha256 <> u.firmware_sha256
where h.kind = 'firmware' and h.released_at is null
union all
-- What devices said after shipping that they ran, now or once.
select h.id, f.unit_id from legal_holds h join field_reports f on f.version = h.value where h.kind = 'firmware' and h.released_at is null
union all
-- In a shipment to the buyer, closed or not.
select h.id, u.id from legal_holds h join shipments s on s.buyer = h.value join units u on u.shipment_id = s.id
where h.kind = 'buyer' and h.released_at is null
union all
-- Made for the buyer, whatever became of it.
select h.id, u.id from legal_holds h join batches b on b.buyer = h.value join units u on u.batch_id = b.id
where h.kind = 'buyer' and h.released_at is null
union all
-- Under a number of the buyer's own: of batches that were granted any.
select h.id, u.id from legal_holds h join number_spaces n on n.issuer = h.value and n.kind = 'serial' join blocks k on k.space_id = n.id
join units u on u.batch_id = k.batch_id
where h.kind = 'buyer' and h.released_at is null
union all
-- Of batches that name no buyer: those of an order of which anything was made, packed or shipped for the buyer. What has shipped
-- to another one is not this buyer's.
select h.id, u.id from legal_holds h cross join lateral (
  select b.order_id from batches b where b.buyer = h.value
  union select b.order_id from shipments s join batches b on b.id = s.batch_id where s.buyer = h.value
  union select b.order_id from shipments s join units v on v.shipment_id = s.id join batches b on b.id = v.batch_id where s.buyer = h.value) o
join batches b on b.order_id = o.order_id and b.buyer is null join units u on u.batch_id = b.id and u.state <> 'Shipped'
where h.kind = 'buyer' and h.released_at is null;

-- 3. Erasure.
insert into event_types (type, stream_kind, appender, nature, part) values ('contentsErased', 'retention', 'function', 'other', null);

-- Contents of the store that tell of nothing any more but what is erased: decided here, and removed by whoever has the store. Each
-- stands here before it goes, so that a later run removes what a broken one has left.
create table erased_contents (
  sha256 text not null,
  run_id text not null,
  decided_at timestamptz not null default clock_timestamp(),
  removed_at timestamptz,
  constraint erased_contents_pkey primary key (sha256),
  constraint erased_contents_run foreign key (run_id) references retention_runs (id),
  constraint erased_contents_sha256 check (sha256 ~ '^[0-9a-f]{64}$')
);
create index erased_contents_run_id on erased_contents (run_id);
create index erased_contents_left on erased_contents (sha256) where removed_at is null;
grant select on erased_contents to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;

create function refuse_content_change() returns trigger
language plpgsql as $$
begin
  if old.removed_at is not null or (new.sha256, new.run_id, new.decided_at) is distinct from (old.sha256, old.run_id, old.decided_at) then
    raise exception using errcode = '42501', message = format('erased content %s can not become that', old.sha256);
  end if;
  return new;
end $$;
create trigger erased_contents_go_on before update on erased_contents for each row execute function refuse_content_change();
create trigger erased_contents_never_deleted before delete on erased_contents for each row execute function refuse_change();
create trigger erased_contents_no_truncate before truncate on erased_contents execute function refuse_change();

-- Exports that tell of nothing any more but what is erased: units whose capsule is, and that nobody holds; and numbers of no unit,
-- when the archive of what they were for is over. While a buyer is on hold, all of the buyer's exports stay.
drop view erased_exports;
create function exports_over(p_as_of timestamptz) returns table (id text)
language sql stable as $$
  with over as materialized (
    select u.unit_id from capsule_units u join capsules c on c.id = u.capsule_id
    where c.state = 'erased' and not exists (select from units_on_legal_hold h where h.unit_id = u.unit_id)),
  -- Those that tell of one at least: of all others nothing is asked.
  touched as materialized (
    select x.export_id from export_items x join over o on o.unit_id = x.unit_id
    union select x.export_id from extract_items x join over o on o.unit_id = x.unit_id),
  asked as (
    select e.id, e.buyer, coalesce(e.reissue_of, e.id) as items from exports e
    where (e.state = 'delivered' or e.state = 'made' and e.kind <> 'sequence')
      and (e.id in (select t.export_id from touched t) or e.reissue_of in (select t.export_id from touched t))),
  kept as materialized (
    select x.export_id from export_items x where x.unit_id is not null and x.export_id in (select q.items from asked q)
      and not exists (select from over o where o.unit_id = x.unit_id)
    union select x.export_id from extract_items x where x.export_id in (select q.items from asked q)
      and not exists (select from over o where o.unit_id = x.unit_id))
  select a.id from asked a
  where a.items not in (select k.export_id from kept k)
    and not exists (select from legal_holds h where h.kind = 'buyer' and h.value = a.buyer and h.released_at is null)
    and not exists (
      select from (select distinct x.batch_id from export_items x where x.export_id = a.items and x.unit_id is null) n
      left join batches b on b.id = n.batch_id where coalesce(archive_until(b.product, a.buyer) <= p_as_of, false) is not true)
$$;

-- Contents of which nobody needs to know any more. What tells of no unit (the page, the schema, a checkpoint, an empty list) is the
-- same in sets that are made today, and stays: a maker finds its file there and has not booked it yet.
create function contents_over(p_as_of timestamptz) returns table (sha256 text)
language sql stable as $$
  with over as materialized (select x.id from exports_over(p_as_of) x)
  select f.sha256 from (
    select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id
    -- One that was given up tells of units that are in others by now: it goes with the last of these.
    where (c.state = 'erased' or c.state = 'abandoned' and coalesce(archive_until(c.product, c.buyer) <= p_as_of, false) and not exists (
        select from capsules o where o.buyer is not distinct from c.buyer and o.product = c.product and o.state not in ('erased', 'abandoned')))
      and k.size_bytes > 0 and k.role not in ('page', 'schema', 'checkpoint') and (k.role <> 'parquet' or c.records > 0)
    union
    select e.sha256 from export_files e where e.export_id in (select o.id from over o) and (e.rows > 0 or e.name like '%.xlsx')) f
  where not exists (select from erased_contents d where d.sha256 = f.sha256)
    and not exists (select from capsule_files k join capsules c on c.id = k.capsule_id where k.sha256 = f.sha256 and c.state not in ('erased', 'abandoned'))
    and not exists (select from export_files e where e.sha256 = f.sha256 and e.export_id not in (select o.id from over o))
$$;

-- Decides what goes from the store, under the lock that a new hold waits for; answers all that is decided and still there, also by
-- earlier runs.
create function erase_contents(p_run text) returns setof text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  decided text[];
  list text;
begin
  perform check_sees_holds();
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  -- Two runs that decide at once: the second one sees what the first one has.
  perform pg_advisory_xact_lock(hashtext('unitrail.erased-contents'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  decided := array(select c.sha256 from contents_over(least(r.as_of, clock_timestamp())) c order by c.sha256);
  if cardinality(decided) > 0 then
    insert into erased_contents (sha256, run_id) select d, p_run from unnest(decided) d;
    -- A list of thousands would be too long for an event: the rows have it.
    list := encode(sha256(convert_to(array_to_string(decided, ','), 'UTF8')), 'hex');
    perform append_to_stream('retention:' || p_run, 'contentsErased', 'contents/' || list,
      format('{"contents":%s,"listSha256":%s}', cardinality(decided), to_json(list)));
  end if;
  return query select e.sha256 from erased_contents e where e.removed_at is null order by e.sha256;
end $$;

-- The store has these no more.
create function contents_removed(p_run text, p_contents text[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform run_under_way(p_run);
  update erased_contents set removed_at = clock_timestamp() where sha256 = any (p_contents) and removed_at is null;
end $$;

grant execute on function erase_contents(text), contents_removed(text, text[]) to unitrail_retention;

-- 4. What was said of a unit whose history is in a capsule.
-- The key of such a statement is in its header, which is gone here: without it, what moved could be said once more under the same
-- key with other words, and a correction that was taken back could not be made again. Null: it had moved before this was kept.
alter table capsule_statements add column key text;
-- Of a correction: which field of the record.
alter table capsule_statements add column field text;
alter table capsule_statements disable trigger capsule_statements_append_only;
update capsule_statements s set key = e.key, field = e.body::jsonb ->> 'field'
from unit_events e where e.stream = 'unit:' || s.unit_id and e.seq = s.seq;
alter table capsule_statements enable trigger capsule_statements_append_only;

create function name_statement() returns trigger
language plpgsql as $$
begin
  select e.key, e.body::jsonb ->> 'field' into new.key, new.field from unit_events e
  where e.stream = 'unit:' || new.unit_id and e.seq = new.seq;
  return new;
end $$;
create trigger capsule_statements_named before insert on capsule_statements for each row execute function name_statement();

-- Whether it is on record in a capsule already: under the same key, or (where the key is not known any more) in the same words.
create function check_not_archived(u units, p_type text, p_key text, p_body jsonb) returns void
language plpgsql as $$
declare
  told capsule_statements;
begin
  select s.* into told from capsule_statements s
  where s.unit_id = u.id and (s.key = p_key
    or s.key is null and s.type = p_type and s.body_sha256 = encode(sha256(convert_to(p_body::text, 'UTF8')), 'hex'))
  limit 1;
  if not found then return; end if;
  if told.type <> p_type or told.body_sha256 <> encode(sha256(convert_to(p_body::text, 'UTF8')), 'hex') then
    perform refuse('UT003', format('unit %s: key %s was used with another request, which is in capsule %s', u.serial, p_key, told.capsule_id));
  end if;
  perform refuse('UT021', format('unit %s: that is on record already, in capsule %s', u.serial, told.capsule_id));
end $$;

create or replace function check_amendment(u units, p_type text, p_body jsonb) returns void
language plpgsql as $$
begin
  perform check_word('by', p_body ->> 'by'), check_word('reason', p_body ->> 'reason');
  if u.state <> 'Shipped' then
    perform refuse('UT021', format('unit %s is %s: only what has shipped is amended', u.serial, u.state));
  end if;
  if p_type = 'unitReturned' then
    perform check_word('rma', p_body ->> 'rma'), check_word('condition', p_body ->> 'condition');
    return;
  end if;
  perform check_word('field', p_body ->> 'field');
  if not p_body ? 'value' then perform refuse('UT007', 'value: the right value is missing'); end if;
  if not exists (select from sealed_digests r where r.unit_id = u.id and r.sha256 = p_body ->> 'record') then
    perform refuse('UT002', format('unit %s has no record %s', u.serial, p_body ->> 'record'));
  end if;
  if p_body ? 'event' and not coalesce(whole(p_body, 'event') between 1 and u.seq, false) then
    perform refuse('UT009', format('unit %s has no event %s', u.serial, p_body ->> 'event'));
  end if;
end $$;

create or replace function amend_unit(p_unit uuid, p_type text, p_key text, p_body text, p_salt bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  e unit_events;
  body jsonb := check_body(p_body);
  key_of_event text := 'amendment/' || p_key;
begin
  perform check_word('key', p_key);
  if p_type is null or p_type not in ('recordCorrected', 'unitReturned') then
    perform refuse('UT007', format('%s amends no unit', p_type));
  end if;
  u := lock_unit(p_unit);
  select * into e from unit_events where stream = 'unit:' || u.id and key = key_of_event;
  if found then
    if e.type <> p_type or e.body <> p_body then perform refuse_other_request(e); end if;
    return false;
  end if;
  perform check_not_archived(u, p_type, key_of_event, body);
  perform check_amendment(u, p_type, body);
  u := advance_unit(u, p_type, key_of_event, p_body);
  select * into e from unit_events where stream = 'unit:' || u.id and seq = u.seq;
  insert into log_queue (format, stream, seq, sha256, salt)
  values ('unitrail.statement/1', e.stream, e.seq, encode(sha256(convert_to(statement_of(e), 'UTF8')), 'hex'), p_salt);
  return true;
end $$;

-- 5. What is due, of a million units.
-- One row at most, which the planner can't know: it took a thousand for each product and buyer.
alter function retention_terms(jsonb, text, text) rows 1;

-- As before, without reading a record for its month where the time of its sealing tells it: a unit is sealed in the transaction
-- that ships it. Only on the first day of a month it may have shipped in the month before.
create or replace function due_units(p_as_of timestamptz)
returns table (unit_id uuid, issuer text, serial text, buyer text, product text, month text, last_seq bigint, head bytea,
  sealed_at timestamptz, record_sha256 text, held boolean, undelivered boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  with ended as (
    select u.id, u.issuer, u.serial, s.buyer, u.product, u.seq, u.head, coalesce(s.closed_at, u.updated_at) as ended_at
    from units u left join shipments s on s.id = u.shipment_id and u.state = 'Shipped'
    where u.state in ('Shipped', 'Scrapped', 'Void') and not exists (select from capsule_units c where c.unit_id = u.id)),
  terms as materialized (
    select k.product, k.buyer, t.database_months from (select distinct e.product, e.buyer from ended e) k
    cross join (select v.document::jsonb as d from plant_versions v order by v.id desc limit 1) p
    cross join lateral retention_terms(p.d, k.product, k.buyer) t)
  -- The month is that of the record: a closing may begin in one month and end in the next.
  select e.id, e.issuer, e.serial, e.buyer, e.product,
    coalesce(case when extract(day from r.sealed_at at time zone 'UTC') > 1 then to_char(r.sealed_at at time zone 'UTC', 'YYYY-MM')
        else (select substr(q.body::jsonb #>> '{shipment,at}', 1, 7) from records q where q.unit_id = r.unit_id) end,
      to_char(e.ended_at at time zone 'UTC', 'YYYY-MM')), e.seq, e.head,
    r.sealed_at, r.sha256, h.unit_id is not null, d.unit_id is not null
  from ended e join terms t on t.product = e.product and t.buyer is not distinct from e.buyer
  left join records r on r.unit_id = e.id
  -- As sets: asked unit by unit, they would be looked through a million times.
  left join (select distinct w.unit_id from units_on_legal_hold w) h on h.unit_id = e.id
  left join (select distinct w.unit_id from undelivered_units w) d on d.unit_id = e.id
  where e.ended_at + make_interval(months => t.database_months) <= p_as_of
$$;
