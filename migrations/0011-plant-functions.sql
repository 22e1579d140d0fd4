-- Why: `unitrail apply` is the desk's, and changes the plant through one function, in one transaction, on record.
-- p_changes: {issuers, buyers, stations, operators}. Nothing is ever removed here: what the document no longer names is
-- simply not used any more. (A plant has one station at least: a call that names none says nothing of them.)
create function apply_plant(p_document text, p_difference text, p_changes jsonb) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  version bigint;
begin
  if not (has_role('unitrail_desk') or has_role('unitrail_office')) then
    perform refuse('42501', format('login %s may not change the plant', session_user));
  end if;
  perform pg_advisory_xact_lock(hashtext('unitrail.plant'));
  insert into plant_versions (document, sha256, difference)
  values (p_document, encode(sha256(convert_to(p_document, 'UTF8')), 'hex'), p_difference) returning id into version;
  insert into issuers (id, kind) select x ->> 'id', x ->> 'kind' from jsonb_array_elements(p_changes -> 'issuers') x
  on conflict (id) do nothing;
  insert into buyers (id, name, test) select x ->> 'id', x ->> 'name', (x ->> 'test')::boolean
  from jsonb_array_elements(p_changes -> 'buyers') x
  on conflict (id) do update set name = excluded.name, test = excluded.test;
  insert into operators (number, name) select x ->> 'number', x ->> 'name' from jsonb_array_elements(p_changes -> 'operators') x
  on conflict (number) do update set name = excluded.name where operators.erased_at is null;
  insert into stations (id, login, steps, virtual)
  select x ->> 'id', x ->> 'login', array(select jsonb_array_elements_text(x -> 'steps')), (x ->> 'virtual')::boolean
  from jsonb_array_elements(p_changes -> 'stations') x
  on conflict (id) do update set steps = excluded.steps;
  insert into slots (station, slot) select x ->> 'id', n
  from jsonb_array_elements(p_changes -> 'stations') x, generate_series(1, (x ->> 'slots')::integer) n
  on conflict (station, slot) do nothing;
  update slots set offered = wanted.offered
  from (select old.station, old.slot, coalesce(old.slot <= (x ->> 'slots')::integer, false) as offered
        from slots old left join jsonb_array_elements(p_changes -> 'stations') x on x ->> 'id' = old.station) wanted
  where slots.station = wanted.station and slots.slot = wanted.slot and slots.offered <> wanted.offered
    and jsonb_array_length(p_changes -> 'stations') > 0;
  return version;
end $$;
