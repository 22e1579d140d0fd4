-- Why: the log commits to more than records. What ends a unit or a number without shipping, and what is said of one later, is a
-- statement of its own, queued by the event itself, so that no way of appending it can leave it out. Once an hour a leaf says
-- where every open stream stands.
alter table log_queue add constraint log_queue_format
  check (format in ('unitrail.record/1', 'unitrail.statement/1', 'unitrail.heads/1'));
create trigger log_queue_append_only before update or delete on log_queue for each row execute function refuse_change();
create trigger log_queue_no_truncate before truncate on log_queue execute function refuse_change();

-- Leaves that have no place in the tree yet. A table of its own: in the order of commits, which no number tells.
create table log_pending (
  queue_id bigint not null,
  constraint log_pending_pkey primary key (queue_id),
  constraint log_pending_queue foreign key (queue_id) references log_queue (id)
);
create function remember_pending() returns trigger
language plpgsql as $$
begin
  insert into log_pending (queue_id) values (new.id);
  return null;
end $$;
create trigger log_queue_pending after insert on log_queue for each row execute function remember_pending();
insert into log_pending (queue_id) select id from log_queue;

-- 32 bytes that nobody can guess: the database's strong random makes 122 bits of each uuid.
create function new_salt() returns bytea
language sql volatile as $$
  select sha256(convert_to(concat_ws('|', gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), 'UTF8'))
$$;

create function queue_statement(e unit_events) returns void
language plpgsql as $$
begin
  insert into log_queue (format, stream, seq, sha256, salt)
  values ('unitrail.statement/1', e.stream, e.seq, encode(sha256(convert_to(statement_of(e), 'UTF8')), 'hex'), new_salt());
end $$;

-- Corrections and returns are queued by `amend_unit`, which says so in the same transaction.
create function queue_ending() returns trigger
language plpgsql as $$
begin
  perform queue_statement(new);
  return null;
end $$;
create trigger unit_events_statement after insert on unit_events for each row
  when (new.type in ('scrapped', 'missing', 'voided', 'numberVoided', 'identifierWithdrawn')) execute function queue_ending();
-- What ended before is queued by the next migration: this one's lock on the events is not held while they are read.

create table log_heads (
  number bigint not null,
  at timestamptz not null,
  body text not null,
  constraint log_heads_pkey primary key (number)
);
create trigger log_heads_append_only before update or delete on log_heads for each row execute function refuse_change();
create trigger log_heads_no_truncate before truncate on log_heads execute function refuse_change();

-- Up to where the heads tell of each stream that is open: what has not moved since is not told again.
create table log_told (
  stream text not null,
  unit_id uuid,
  seq bigint not null,
  constraint log_told_pkey primary key (stream)
);
create index log_told_unit on log_told (unit_id) where unit_id is not null;

create function is_open(p_state text) returns boolean
language sql immutable as $$
  select p_state in ('InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed')
$$;

-- Streams that have moved since they were told. Of a unit that has ended, the end is told once more.
create function moved_streams() returns table (stream text, unit_id uuid, seq bigint, head bytea)
language sql stable as $$
  select s.stream, null::uuid, s.seq, s.head from streams s left join log_told t on t.stream = s.stream
  where s.seq > coalesce(t.seq, 0)
  union all
  select 'unit:' || u.id, u.id, u.seq, u.head from units u left join log_told t on t.unit_id = u.id
  where is_open(u.state) and u.seq > coalesce(t.seq, 0)
  union all
  select t.stream, u.id, u.seq, u.head from log_told t join units u on u.id = t.unit_id
  where not is_open(u.state) and u.seq > t.seq
$$;

-- Tells the heads, ten thousand a document, unless they were told within the time; returns in how many documents. What was told by a
-- clock that is ahead of this one doesn't count.
create function queue_heads(p_every interval) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  documents integer;
  last_number bigint;
  told_at timestamptz;
begin
  perform check_office();
  perform pg_advisory_xact_lock(hashtext('unitrail.log-heads'));
  told_at := clock_timestamp();
  if exists (select from log_heads where at > told_at - p_every and at <= told_at) then return 0; end if;
  select coalesce(max(number), 0) into last_number from log_heads;
  with moved as materialized (
      select m.stream, m.unit_id, m.seq, m.head, 1 + (row_number() over (order by m.stream collate "C") - 1) / 10000 as part from moved_streams() as m),
    told as (insert into log_told (stream, unit_id, seq) select m.stream, m.unit_id, m.seq from moved m
             on conflict (stream) do update set seq = excluded.seq),
    parts as (
      select last_number + m.part as number,
        string_agg(format('{"hash":"%s","seq":%s,"stream":%s}', encode(m.head, 'hex'), m.seq, to_json(m.stream)), ',' order by m.stream collate "C") as heads
      from moved m group by m.part),
    written as (
      insert into log_heads (number, at, body)
      select p.number, told_at, format('{"at":%s,"format":"unitrail.heads/1","heads":[%s],"number":%s}', told_time(told_at), p.heads, p.number) from parts p
      returning number, body)
  insert into log_queue (format, stream, seq, sha256, salt)
  select 'unitrail.heads/1', 'log', w.number, encode(sha256(convert_to(w.body, 'UTF8')), 'hex'), new_salt() from written w order by w.number;
  get diagnostics documents = row_count;
  delete from log_told t using units u where u.id = t.unit_id and not is_open(u.state) and u.seq = t.seq;
  return documents;
end $$;
grant execute on function queue_heads(interval) to unitrail_office;
grant select on log_pending, log_heads, log_told to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
