-- Why: activity concurrency is no lock on a fixture. A lease is a row on a permanent slot row whose fence only grows.
-- (The table `slots` stands in 0005-units-and-events.sql, because history refuses what no lease covers.)
create function refuse_slot_change() returns trigger
language plpgsql as $$
begin
  if new.fence < old.fence or (new.station, new.slot) is distinct from (old.station, old.slot) then
    raise exception using errcode = '42501', message = format('the fence of slot %s/%s only grows', old.station, old.slot);
  end if;
  return new;
end $$;
create trigger slots_fence_grows before update on slots for each row execute function refuse_slot_change();

-- Units that wait for a slot. A waiter that has not asked for a minute is passed over, not forgotten.
create table slot_requests (
  unit_id uuid not null,
  step text not null,
  requested_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  constraint slot_requests_pkey primary key (unit_id),
  constraint slot_requests_unit foreign key (unit_id) references units (id)
);
create index slot_requests_age on slot_requests (requested_at);

-- The line of waiters and the free slots are looked at by one transaction at a time: two would each give away what the
-- other does not see yet. Taken after the unit's lock and before any slot's.
create function lock_line() returns void
language sql as $$
  select pg_advisory_xact_lock(hashtext('unitrail.slots'))
$$;

-- Gives free slots to the units that have waited longest, and tells each by name: no stampede. A step of its batch's
-- priority counts as ten minutes of waiting, so that the others come, too. A waiter that has moved on
-- or went on hold gets none: it would keep the slot without using it.
create function hand_out_slots() returns void
language plpgsql as $$
declare
  free_slot record;
  waiter slot_requests;
begin
  perform lock_line();
  for free_slot in
    select slots.station, slots.slot, stations.steps from slots join stations on stations.id = slots.station
    where slots.state = 'free' and slots.offered order by slots.station, slots.slot
  loop
    select r.* into waiter from slot_requests r join units u on u.id = r.unit_id and u.state = 'InProgress' and u.step = r.step
      left join batch_controls c on c.batch_id = u.batch_id
    where r.step = any (free_slot.steps) and r.seen_at > clock_timestamp() - interval '60 seconds'
      and not exists (select from slots s where s.unit_id = r.unit_id)
      and not exists (select from holds h where h.unit_id = r.unit_id and h.released_seq is null)
    order by r.requested_at - coalesce(c.priority, 0) * interval '10 minutes', r.unit_id limit 1;
    continue when not found;
    delete from slot_requests where unit_id = waiter.unit_id;
    update slots set state = 'leased', unit_id = waiter.unit_id, fence = fence + 1
    where station = free_slot.station and slot = free_slot.slot;
    perform pg_notify('unitrail_slot', waiter.unit_id::text);
  end loop;
end $$;

create type slot_lease as (station text, slot integer, fence bigint, virtual boolean, unit unit_standing);

-- The slot that the unit holds for its present step, or null: then it waits in line and is told by notification
-- `unitrail_slot` with its id. A board that is still in another station's slot has to leave that first.
create function acquire_slot(p_unit uuid) returns slot_lease
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  lease slot_lease;
begin
  u := lock_unit(p_unit);
  lease.unit := standing(u);
  if u.state <> 'InProgress' or u.step not in ('flash', 'test', 'provision', 'label', 'qc') then return lease; end if;
  perform check_not_held(u, 'a slot');
  select s.station, s.slot, s.fence, st.virtual into lease.station, lease.slot, lease.fence, lease.virtual
  from slots s join stations st on st.id = s.station
  where s.unit_id = p_unit and s.state = 'leased' and u.step = any (st.steps);
  if found then return lease; end if;
  if not exists (select from stations st join slots s on s.station = st.id and s.offered where u.step = any (st.steps)) then
    perform refuse('UT009', format('no station does %s: add one to the plant file', u.step));
  end if;
  -- Another station's slot: the lease is over, the agent of that station clears the board.
  perform end_lease(p_unit);
  if exists (select from slots where unit_id = p_unit) then return lease; end if;
  perform lock_line();
  insert into slot_requests as r (unit_id, step) values (p_unit, u.step)
  on conflict (unit_id) do update set seen_at = excluded.seen_at, step = excluded.step,
    requested_at = case when r.step = excluded.step then r.requested_at else excluded.requested_at end;
  perform hand_out_slots();
  select s.station, s.slot, s.fence, st.virtual into lease.station, lease.slot, lease.fence, lease.virtual
  from slots s join stations st on st.id = s.station where s.unit_id = p_unit and s.state = 'leased';
  return lease;
end $$;

-- The lease of a unit that is held, ended or cancelled. A repeat is a no-op.
create function release_slot(p_unit uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform lock_unit(p_unit), lock_line();
  delete from slot_requests where unit_id = p_unit;
  perform end_lease(p_unit);
end $$;

-- Slots of the caller's station from which the board has to leave, with the fence to do it under. Leases of units that
-- have ended are swept up here as well.
create function slots_to_clear() returns table (station text, slot integer, fence bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform end_lease(u.id) from units u join slots s on s.unit_id = u.id join stations st on st.id = s.station
  where s.state = 'leased' and u.state in ('Shipped', 'Scrapped', 'Missing', 'Void') and st.login = session_user;
  return query select s.station, s.slot, s.fence from slots s join stations st on st.id = s.station
    where st.login = session_user and s.state = 'uncleared' order by s.slot;
end $$;

-- The fixture reports the board out: only this frees a slot.
create function slot_cleared(p_station text, p_slot integer, p_fence bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  unit_that_left uuid;
begin
  perform lock_line();
  select s.unit_id into unit_that_left from slots s join stations st on st.id = s.station
  where s.station = p_station and s.slot = p_slot and s.fence = p_fence and s.state = 'uncleared'
    and st.login = session_user for update of s;
  if not found then
    perform refuse('UT005', format('slot %s/%s is not waiting to be cleared with fence %s', p_station, p_slot, p_fence));
  end if;
  update slots set state = 'free', unit_id = null where station = p_station and slot = p_slot;
  perform pg_notify('unitrail_slot', unit_that_left::text);
  perform hand_out_slots();
end $$;

create function notify_uncleared() returns trigger
language plpgsql as $$
begin
  perform pg_notify('unitrail_clear', new.station);
  return null;
end $$;
create trigger slots_uncleared after update of state on slots for each row
  when (new.state = 'uncleared' and old.state <> 'uncleared') execute function notify_uncleared();
