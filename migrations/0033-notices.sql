-- Why: a unit that waits too long for a person is told to somebody, once a hold. The notice is kept before it is sent, and
-- stays until its receiver has taken it: a receiver that is away loses nothing.
create table notices (
  id uuid not null default gen_random_uuid(),
  kind text not null,
  unit_id uuid not null,
  -- Which hold of the unit: the position of its event in the unit's history.
  held_seq bigint not null,
  held_at timestamptz not null,
  step text not null,
  failure_code text,
  raised_at timestamptz not null default clock_timestamp(),
  -- When it was sent last, taken or not: what a receiver never takes does not stand before what is newer.
  tried_at timestamptz,
  delivered_at timestamptz,
  constraint notices_pkey primary key (id),
  constraint notices_once unique (unit_id, held_seq),
  constraint notices_unit foreign key (unit_id) references units (id),
  constraint notices_kind check (kind = 'unitHeldTooLong')
);
create index notices_undelivered on notices (tried_at nulls first, raised_at) where delivered_at is null;

-- Units that wait for a person, and since when. Costs one look into the index of events for each of them.
create view held_units as
select u.id as unit_id, u.step, u.failure_code, e.seq as held_seq, e.at as held_at
from units u cross join lateral (
  select v.seq, v.at from unit_events v where v.stream = 'unit:' || u.id and v.type in ('held', 'found')
  order by v.seq desc limit 1) as e
where u.state = 'AwaitingEngineer';

create function raise_notices(p_minutes integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  raised integer;
begin
  perform check_office();
  if p_minutes is null or p_minutes not between 0 and 999999 then
    perform refuse('UT007', format('minutes: %s is not allowed; 0 to 999999', p_minutes));
  end if;
  insert into notices (kind, unit_id, held_seq, held_at, step, failure_code)
  select 'unitHeldTooLong', h.unit_id, h.held_seq, h.held_at, h.step, h.failure_code from held_units h
  where h.held_at < clock_timestamp() - make_interval(mins => p_minutes)
  on conflict on constraint notices_once do nothing;
  get diagnostics raised = row_count;
  return raised;
end $$;

-- A repeat keeps the first time.
create function notice_delivered(p_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_office();
  update notices set delivered_at = clock_timestamp() where id = p_id and delivered_at is null;
end $$;

-- Before it is sent: a crash in the middle counts as a try.
create function notice_tried(p_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_office();
  update notices set tried_at = clock_timestamp() where id = p_id and delivered_at is null;
end $$;

create function refuse_notice_change() returns trigger
language plpgsql as $$
begin
  if old.delivered_at is not null
     or (new.delivered_at is null and new.tried_at is null)
     or (new.id, new.kind, new.unit_id, new.held_seq, new.held_at, new.step, new.failure_code, new.raised_at)
        is distinct from (old.id, old.kind, old.unit_id, old.held_seq, old.held_at, old.step, old.failure_code, old.raised_at) then
    raise exception using errcode = '42501', message = format('notice %s can not become that', old.id);
  end if;
  return new;
end $$;
create trigger notices_keep before update on notices for each row execute function refuse_notice_change();
create trigger notices_never_deleted before delete on notices for each row execute function refuse_change();
create trigger notices_no_truncate before truncate on notices execute function refuse_change();

grant select on notices, held_units to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function raise_notices(integer), notice_tried(uuid), notice_delivered(uuid) to unitrail_office;
