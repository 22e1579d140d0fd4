-- Why: who rewrote a version of the plant file, the name of a person, or when somebody left, changed what retention goes by and what
-- numbers of operators mean, and no event said otherwise. And what leaves the content store was told by a digest alone, its removal
-- not at all.
insert into event_types (type, stream_kind, appender, nature, part) values
  ('plantApplied',      'retention', 'function', 'other', null),
  ('operatorsNamed',    'retention', 'function', 'other', null),
  ('operatorsLeft',     'retention', 'function', 'other', null),
  ('operatorsReturned', 'retention', 'function', 'other', null),
  -- What was there before these were told.
  ('plantKept',         'retention', 'function', 'other', null),
  ('operatorsKept',     'retention', 'function', 'other', null),
  ('contentsRemoved',   'retention', 'function', 'other', null);

-- By triggers: a program of the version before, which is in the middle of it, tells as well.
create function tell_plant_version() returns trigger
language plpgsql as $$
begin
  perform append_to_stream('retention:plant', 'plantApplied', 'version/' || new.id, format('{"difference":%s,"document":%s,"version":%s}',
    to_json(encode(sha256(convert_to(new.difference, 'UTF8')), 'hex')), to_json(encode(sha256(convert_to(new.document, 'UTF8')), 'hex')), new.id));
  return null;
end $$;
create trigger plant_versions_told after insert on plant_versions for each row execute function tell_plant_version();

-- Events say who has another name by a digest with this salt, which goes with the name: from then on nobody can find the name by
-- trying, and until then nobody can change it unnoticed.
alter table operators add column salt bytea;

create function salt_name() returns trigger
language plpgsql as $$
begin
  if tg_op = 'INSERT' or new.name is distinct from old.name then
    new.salt := case when new.name is not null then new_salt() end;
  end if;
  return new;
end $$;
create trigger operators_salted before insert or update of name on operators for each row execute function salt_name();

create function name_digest(p_salt bytea, p_name text) returns text
language sql immutable as $$
  select json_or_null(encode(sha256(p_salt || convert_to(p_name, 'UTF8')), 'hex'))
$$;

-- Each a JSON value; a thousand to an event.
create function tell_operators(p_type text, p_operators text[]) returns void
language plpgsql as $$
declare
  place bigint;
begin
  for nth in 1 .. cardinality(p_operators) by 1000 loop
    select coalesce(max(seq), 0) + 1 into place from streams where stream = 'retention:plant';
    perform append_to_stream('retention:plant', p_type, 'operators/' || place,
      format('{"operators":[%s]}', array_to_string(p_operators[nth : nth + 999], ',')));
  end loop;
end $$;

create function tell_new_operators() returns trigger
language plpgsql as $$
begin
  perform tell_operators('operatorsNamed', array(
    select format('{"digest":%s,"number":%s}', name_digest(f.salt, f.name), to_json(f.number)) from fresh f order by f.number));
  return null;
end $$;
create trigger operators_told after insert on operators referencing new table as fresh
  for each statement execute function tell_new_operators();

-- What a retention run erases is told by an event of the run.
-- The planner knows nothing of how many rows either table has: row by row, ten thousand persons would be compared with each other.
create function tell_changed_operators() returns trigger
language plpgsql set enable_nestloop = off as $$
begin
  perform tell_operators('operatorsNamed', array(
    select format('{"digest":%s,"number":%s}', name_digest(f.salt, f.name), to_json(f.number))
    from fresh f join former o on o.number = f.number where f.name is not null and f.name is distinct from o.name order by f.number));
  perform tell_operators('operatorsLeft', array(
    select to_json(f.number)::text from fresh f join former o on o.number = f.number
    where f.left_at is not null and o.left_at is null order by f.number));
  perform tell_operators('operatorsReturned', array(
    select to_json(f.number)::text from fresh f join former o on o.number = f.number
    where f.left_at is null and o.left_at is not null order by f.number));
  return null;
end $$;
create trigger operators_changes_told after update on operators referencing old table as former new table as fresh
  for each statement execute function tell_changed_operators();

-- As before, behind whoever applies a plant file at the moment: both lock persons and the stream that tells of them.
create or replace function note_operators(p_numbers text[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtext('unitrail.plant'));
  update operators set left_at = clock_timestamp() where left_at is null and not number = any (p_numbers);
  update operators set left_at = null where left_at is not null and number = any (p_numbers);
end $$;

-- As before, and behind whoever applies a plant file: a person who returns at this moment keeps the name.
create or replace function erase_names(p_run text) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  numbers text[];
begin
  perform check_sees_holds();
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  perform pg_advisory_xact_lock(hashtext('unitrail.plant'));
  r := run_under_way(p_run);
  if not r.clock_trusted then return 0; end if;
  numbers := array(select erasable_names(least(r.as_of, clock_timestamp())));
  if cardinality(numbers) = 0 then return 0; end if;
  update operators set name = null, erased_at = clock_timestamp() where number = any (numbers);
  perform append_to_stream('retention:' || p_run, 'namesErased', 'names', format('{"operators":%s}', to_json(numbers)));
  return cardinality(numbers);
end $$;

-- As before; the events name each content.
create or replace function erase_contents(p_run text) returns setof text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  decided text[];
  part text[];
  list text;
  over text[];
begin
  perform check_sees_holds();
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  -- Two runs that decide at once: the second one sees what the first one has.
  perform pg_advisory_xact_lock(hashtext('unitrail.erased-contents'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  decided := array(select c.sha256 from contents_over(least(r.as_of, clock_timestamp())) c order by c.sha256);
  insert into erased_contents (sha256, run_id) select d, p_run from unnest(decided) d;
  -- A list of thousands would be too long for an event.
  for nth in 1 .. cardinality(decided) by 1000 loop
    part := decided[nth : nth + 999];
    list := encode(sha256(convert_to(array_to_string(part, ','), 'UTF8')), 'hex');
    perform append_to_stream('retention:' || p_run, 'contentsErased', 'contents/' || list,
      format('{"contents":%s,"list":%s,"listSha256":%s}', cardinality(part), to_json(part), to_json(list)));
  end loop;
  over := array(select x.id from exports_over(least(r.as_of, clock_timestamp())) x);
  return query
    with needed as materialized (select n.sha256 from needed_contents(over) n)
    select e.sha256 from erased_contents e
    where e.removed_at is null and not exists (select from needed n where n.sha256 = e.sha256) order by e.sha256;
end $$;

-- As before, and told.
create or replace function contents_removed(p_run text, p_contents text[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  gone text[];
begin
  perform run_under_way(p_run);
  with removed as (
    update erased_contents set removed_at = clock_timestamp() where sha256 = any (p_contents) and removed_at is null returning sha256)
  select array_agg(r.sha256 order by r.sha256) into gone from removed r;
  for nth in 1 .. coalesce(cardinality(gone), 0) by 1000 loop
    perform append_to_stream('retention:' || p_run, 'contentsRemoved', 'removed/' || gone[nth],
      format('{"contents":%s}', to_json(gone[nth : nth + 999])));
  end loop;
end $$;

-- What is there by now, so that it is told from what somebody puts there later. Behind the triggers, which keep others out until this
-- is committed.
do $$
declare
  v record;
begin
  for v in
    select id, applied_at, applied_by, encode(sha256(convert_to(difference, 'UTF8')), 'hex') as difference,
      encode(sha256(convert_to(document, 'UTF8')), 'hex') as document
    from plant_versions order by id
  loop
    perform append_to_stream('retention:plant', 'plantKept', 'version/' || v.id,
      format('{"appliedAt":%s,"appliedBy":%s,"difference":%s,"document":%s,"version":%s}', told_time(v.applied_at), to_json(v.applied_by),
        to_json(v.difference), to_json(v.document), v.id));
  end loop;
  update operators set salt = new_salt() where name is not null and salt is null;
  perform tell_operators('operatorsKept', array(
    select format('{"digest":%s,"leftAt":%s,"number":%s}', name_digest(o.salt, o.name), told_time(o.left_at), to_json(o.number))
    from operators o order by o.number));
end $$;
