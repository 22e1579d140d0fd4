-- Why: that a capsule of which units have moved is never given up was held by one function alone; a delivery that ended after its
-- capsule had moved, or was given up, left no trace; and what was decided to go from the store, and was not gone yet, went without
-- another look at who needs it by now.

create or replace function refuse_capsule_change() returns trigger
language plpgsql as $$
declare
  was capsules := old;
begin
  was.state := new.state;
  if old.state = 'planned' then was.manifest := new.manifest; was.events_manifest := new.events_manifest; was.made_at := new.made_at; end if;
  -- Until it is moved, each run looks anew whether there is a server to bring it to.
  if old.delivery <> 'delivered' and old.buyer is not null and old.state = 'made' then was.delivery := new.delivery; end if;
  if new.state = 'abandoned' then was.abandoned_at := new.abandoned_at; end if;
  if new.state = 'moved' then was.moved_at := new.moved_at; end if;
  if new.state = 'erased' then was.erased_at := new.erased_at; end if;
  if new is distinct from was
     or (old.state, new.state) not in (('planned', 'made'), ('made', 'made'), ('made', 'abandoned'), ('made', 'moved'), ('moved', 'erased')) then
    raise exception using errcode = '42501', message = format('capsule %s can not become that', old.id);
  end if;
  -- The store has the only copy of what has moved: nothing lets go of it but the archive's end.
  if new.state = 'abandoned' and exists (select from capsule_units u where u.capsule_id = old.id and u.retired_at is not null) then
    raise exception using errcode = '42501', message = format('capsule %s can not be given up: units of it have moved', old.id);
  end if;
  return new;
end $$;

-- As before; what reached its buyer after the capsule had moved (as one that nobody was to be brought), or was given up, is on
-- record as a delivery: the buyer has it. It is no step of the capsule any more.
create or replace function capsule_delivered(p_capsule text, p_run text, p_target text, p_code text, p_message text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  select * into c from capsules where id = p_capsule for update;
  if not found or c.state = 'planned' or c.state = 'abandoned' and p_target is null then perform refuse('UT009', format('there is no capsule %s that is made', p_capsule)); end if;
  if c.buyer is null or c.delivery = 'delivered' then return; end if;
  if c.state <> 'made' then
    if p_target is not null then
      insert into capsule_deliveries (capsule_id, target, code, message) values (c.id, p_target, p_code, left(p_message, 2000));
    end if;
    return;
  end if;
  if c.delivery = 'none' and p_target is null then return; end if;
  insert into capsule_deliveries (capsule_id, target, code, message) values (c.id, coalesce(p_target, 'none'), p_code, left(p_message, 2000));
  update capsules set delivery = case when p_code is not null then 'due' when p_target is null then 'none' else 'delivered' end where id = c.id;
  if p_code is not null then return; end if;
  perform append_to_stream('retention:' || p_run, 'capsuleDelivered', concat_ws('/', case when p_target is null then 'none' else 'delivered' end, c.id),
    format('{"capsule":%s,"target":%s}', to_json(c.id), json_or_null(p_target)));
end $$;

-- Contents that something needs which is not over: a capsule that is kept or on its way, or an export. One that was given up and
-- has units all the same needs what it has: nobody can have given it up.
create function needed_contents(p_exports_over text[]) returns table (sha256 text)
language sql stable as $$
  select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id where c.state not in ('erased', 'abandoned')
    or c.state = 'abandoned' and exists (select from capsule_units u where u.capsule_id = c.id)
  union all
  select e.sha256 from export_files e where not exists (select from unnest(p_exports_over) o (id) where o.id = e.export_id)
$$;

create or replace function contents_over(p_as_of timestamptz) returns table (sha256 text)
language sql stable as $$
  with over as materialized (select x.id from exports_over(p_as_of) x),
  needed as materialized (select n.sha256 from needed_contents(array(select o.id from over o)) n)
  select f.sha256 from (
    select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id
    -- One that was given up tells of units that are in others by now: it goes with the last of these.
    where (c.state = 'erased' or c.state = 'abandoned' and coalesce(archive_until(c.product, c.buyer) <= p_as_of, false) and not exists (
        select from capsules o where o.buyer is not distinct from c.buyer and o.product = c.product and o.state not in ('erased', 'abandoned')))
      and k.size_bytes > 0 and k.role not in ('page', 'schema', 'checkpoint') and (k.role <> 'parquet' or c.records > 0)
    union
    select e.sha256 from export_files e where e.export_id in (select o.id from over o) and (e.rows > 0 or e.name like '%.xlsx')) f
  where not exists (select from erased_contents d where d.sha256 = f.sha256)
    and not exists (select from needed n where n.sha256 = f.sha256)
$$;

-- As before; of what was decided earlier and is still there, without what something needs by now: a hold was added, or the same
-- bytes were made once more. It stays decided, and goes when nothing needs it any more.
create or replace function erase_contents(p_run text) returns setof text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  decided text[];
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
  if cardinality(decided) > 0 then
    insert into erased_contents (sha256, run_id) select d, p_run from unnest(decided) d;
    -- A list of thousands would be too long for an event: the rows have it.
    list := encode(sha256(convert_to(array_to_string(decided, ','), 'UTF8')), 'hex');
    perform append_to_stream('retention:' || p_run, 'contentsErased', 'contents/' || list,
      format('{"contents":%s,"listSha256":%s}', cardinality(decided), to_json(list)));
  end if;
  over := array(select x.id from exports_over(least(r.as_of, clock_timestamp())) x);
  return query
    with needed as materialized (select n.sha256 from needed_contents(over) n)
    select e.sha256 from erased_contents e
    where e.removed_at is null and not exists (select from needed n where n.sha256 = e.sha256) order by e.sha256;
end $$;

-- Workers of the version before ask it in their last step. It answers nothing: what exports have once more is removed by the workers
-- of this version alone, which decide it under the lock that a new hold waits for. To be dropped once none of those works any more.
create view erased_exports as select e.id from exports e where false;
grant select on erased_exports to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
