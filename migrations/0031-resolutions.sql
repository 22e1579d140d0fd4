-- Why: one decision about many units has to survive the worker that carries it out. What was selected is written down
-- before the first unit is told, and what came of each unit stands beside it: a repeat goes on where the last one ended.

create table resolutions (
  id text not null,
  request text not null,
  requested_by text not null,
  opened_at timestamptz not null default clock_timestamp(),
  constraint resolutions_pkey primary key (id),
  constraint resolutions_size check (octet_length(request) <= 1048576)
);

-- `step` and `attempt` are those at the selection: who has moved on since is left alone. Positions count from 1; units that
-- were named and are not selected stand below it, refused from the start.
create table resolution_units (
  resolution_id text not null,
  position integer not null,
  unit_id uuid not null,
  step text not null,
  attempt integer not null,
  outcome text,
  why text,
  constraint resolution_units_pkey primary key (resolution_id, position),
  constraint resolution_units_once unique (resolution_id, unit_id),
  constraint resolution_units_resolution foreign key (resolution_id) references resolutions (id),
  constraint resolution_units_unit foreign key (unit_id) references units (id),
  constraint resolution_units_outcome check (outcome in ('done', 'refused', 'unreached'))
);
create index resolution_units_unit_id on resolution_units (unit_id);

-- Writes a selection down, all of it or nothing, and what was named in vain with the reason. A repeat finds the first one,
-- whatever would be selected now. Returns how many units are selected.
create function open_resolution(p_id text, p_request text, p_by text, p_units uuid[], p_in_vain uuid[], p_whys text[])
returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  known resolutions;
begin
  perform check_office();
  perform check_word('resolution', p_id), check_word('by', p_by);
  insert into resolutions (id, request, requested_by) values (p_id, p_request, p_by) on conflict (id) do nothing;
  if found then
    insert into resolution_units (resolution_id, position, unit_id, step, attempt)
    select p_id, selected.position, u.id, u.step, u.attempts[step_number(u.step)]
    from unnest(p_units) with ordinality as selected(unit_id, position) join units u on u.id = selected.unit_id;
    insert into resolution_units (resolution_id, position, unit_id, step, attempt, outcome, why)
    select p_id, named.position - cardinality(p_in_vain), u.id, u.step, u.attempts[step_number(u.step)], 'refused', named.why
    from unnest(p_in_vain, p_whys) with ordinality as named(unit_id, why, position) join units u on u.id = named.unit_id;
  end if;
  select * into known from resolutions where id = p_id;
  if known.request <> p_request then
    perform refuse('UT003', format('resolution %s was opened for another request', p_id));
  end if;
  return (select count(*) from resolution_units where resolution_id = p_id and position > 0);
end $$;

-- What came of units: said once of each, and never changed.
create function settle_units(p_resolution text, p_positions integer[], p_outcomes text[], p_whys text[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_office();
  update resolution_units r set outcome = s.outcome, why = nullif(s.why, '')
  from unnest(p_positions, p_outcomes, p_whys) as s(position, outcome, why)
  where r.resolution_id = p_resolution and r.position = s.position and r.outcome is null;
end $$;

grant select on resolutions, resolution_units to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function open_resolution(text, text, text, uuid[], uuid[], text[]), settle_units(text, integer[], text[], text[])
  to unitrail_office;

-- A quality hold on units, under one id and written before anybody is told. Whatever a closing shipment locks in the same
-- moment is waited for: a unit is on hold or has shipped, never both. A repeat opens nothing twice.
create function open_holds(p_hold text, p_reason text, p_by text, p_units uuid[])
returns table (unit_id uuid, serial text, name text, outcome text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  id uuid;
  known holds;
begin
  perform check_word('hold', p_hold), check_word('reason', p_reason), check_word('by', p_by);
  -- In the order in which a shipment locks them: two that lock many never wait for each other.
  for id in select distinct x from unnest(p_units) x order by x loop
    u := lock_unit(id);
    select * into known from holds h where h.unit_id = u.id and h.hold_id = p_hold;
    if found then
      outcome := case when known.released_seq is null then 'open' else 'released' end;
    elsif u.state in ('Shipped', 'Scrapped', 'Void') then
      outcome := u.state;
    else
      perform advance_unit(u, 'holdOpened', concat_ws('/', 'hold', p_hold, 'opened'),
        format('{"by":%s,"hold":%s,"reason":%s}', to_json(p_by), to_json(p_hold), to_json(p_reason)));
      outcome := 'opened';
    end if;
    unit_id := u.id; serial := u.serial; name := unit_name(u);
    return next;
  end loop;
end $$;

-- Releases this hold of the units, and no other.
create function release_holds(p_hold text, p_note text, p_by text, p_units uuid[])
returns table (unit_id uuid, serial text, name text, outcome text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  id uuid;
  known holds;
begin
  perform check_word('hold', p_hold), check_word('note', p_note), check_word('by', p_by);
  for id in select distinct x from unnest(p_units) x order by x loop
    u := lock_unit(id);
    select * into known from holds h where h.unit_id = u.id and h.hold_id = p_hold;
    if not found then
      outcome := 'none';
    elsif known.released_seq is not null then
      outcome := 'released';
    elsif u.state in ('Shipped', 'Scrapped', 'Void') then
      outcome := u.state;
    else
      perform advance_unit(u, 'holdReleased', concat_ws('/', 'hold', p_hold, 'released'),
        format('{"by":%s,"hold":%s,"note":%s}', to_json(p_by), to_json(p_hold), to_json(p_note)));
      outcome := 'released';
    end if;
    unit_id := u.id; serial := u.serial; name := unit_name(u);
    return next;
  end loop;
end $$;

grant execute on function open_holds(text, text, text, uuid[]), release_holds(text, text, text, uuid[])
  to unitrail_office, unitrail_desk;

-- A recall is a history of its own: what was looked for and why, and each count of what was found. Its id is that of the
-- quality hold on what has not shipped.
alter table event_types drop constraint event_types_stream_kind;
alter table event_types add constraint event_types_stream_kind check (stream_kind in ('unit', 'batch', 'order', 'shipment',
  'export', 'retention', 'list', 'registry', 'history', 'lease', 'recall'));
insert into event_types (type, stream_kind, appender, nature, part) values
  ('recallOpened',  'recall', 'function', 'other', null),
  ('recallCounted', 'recall', 'function', 'other', null);

-- Which units were tested at a station, or at a time: a tenth of the history, and nothing of it is written twice.
create index unit_events_tests on unit_events (at) where type in ('testPassed', 'testFailed', 'testErred');

-- The same recall again is a no-op; one that looks for something else is refused.
create function open_recall(p_recall text, p_selector text, p_reason text, p_by text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_word('recall', p_recall), check_word('reason', p_reason), check_word('by', p_by), check_body(p_selector);
  perform append_to_stream('recall:' || p_recall, 'recallOpened', 'opened',
    format('{"by":%s,"reason":%s,"selector":%s}', to_json(p_by), to_json(p_reason), p_selector));
end $$;

-- How its units stood at the end of a run: who has them, and what was kept back.
create function count_recall(p_recall text, p_counts text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from streams where stream = 'recall:' || p_recall) then
    perform refuse('UT009', format('there is no recall %s', p_recall));
  end if;
  perform append_to_stream('recall:' || p_recall, 'recallCounted',
    concat_ws('/', 'counted', left(encode(sha256(convert_to(p_counts, 'UTF8')), 'hex'), 16)), p_counts);
end $$;

grant execute on function open_recall(text, text, text, text), count_recall(text, text) to unitrail_desk;
