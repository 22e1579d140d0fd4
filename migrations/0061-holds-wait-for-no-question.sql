-- Why: what of the content store may go was asked under the lock that a new legal hold waits for, and the question began at all units
-- that are held: with a million of them, whoever added one more waited for seconds, and was refused. What was being made was not asked
-- about, an export that was over when a content was decided to go counted as over for ever, and no event says since when runs ask.

-- Those of these exports that tell of what these holds are on. One look at what they cover, for all exports.
create function exports_held(p_exports text[], p_holds text[]) returns setof text
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
declare
  told text[];
  held text[];
begin
  if cardinality(p_holds) = 0 or cardinality(p_exports) = 0 then return; end if;
  told := array(select distinct coalesce(x.reissue_of, x.id) from exports x where x.id = any (p_exports));
  held := array(
    select i.export_id from units_on_legal_hold h join export_items i on i.unit_id = h.unit_id
    where h.hold_id = any (p_holds) and i.export_id = any (told)
    union select i.export_id from units_on_legal_hold h join extract_items i on i.unit_id = h.unit_id
    where h.hold_id = any (p_holds) and i.export_id = any (told));
  return query
    select x.id from exports x where x.id = any (p_exports) and (coalesce(x.reissue_of, x.id) = any (held)
      or exists (select from legal_holds h where h.id = any (p_holds) and h.kind = 'buyer' and h.value = x.buyer));
end $$;

-- Those of these contents that tell of what these holds are on: of a capsule that is erased, or of an export. Which units a capsule
-- had that was given up is in no table any more: whatever is held may be of them.
create function contents_held(p_contents text[], p_holds text[]) returns setof text
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
declare
  erased text[];
  held text[];
  exported text[];
begin
  if cardinality(p_holds) = 0 then return; end if;
  erased := array(select distinct c.id from capsule_files k join capsules c on c.id = k.capsule_id
    where k.sha256 = any (p_contents) and c.state = 'erased');
  held := array(select distinct u.capsule_id from units_on_legal_hold h join capsule_units u on u.unit_id = h.unit_id
    where h.hold_id = any (p_holds) and u.capsule_id = any (erased));
  exported := array(select e.id from exports_held(array(select distinct f.export_id from export_files f where f.sha256 = any (p_contents)), p_holds) e (id));
  return query
    select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id
    where k.sha256 = any (p_contents) and (c.state = 'abandoned' or c.id = any (held))
    union select f.sha256 from export_files f where f.sha256 = any (p_contents) and f.export_id = any (exported);
end $$;

-- Those of these contents that something has or is about to have: a capsule that is kept or on its way, an export that is not among
-- those over, or a maker who found its file there and has not booked it yet. Asks the indices of these contents alone: quick.
create function contents_in_use(p_contents text[], p_over text[]) returns setof text
language plpgsql stable as $$
declare
  -- Whose units somebody may have read for an export before they moved; a day is longer than any is made. After that it can't be made
  -- any more, and one that waits for a person keeps nothing back.
  being_told text[] := array(select c.id from capsules c where c.state = 'erased' and c.moved_at > clock_timestamp() - interval '1 day'
    and exists (select from exports x where x.state = 'opened' and x.buyer = c.buyer));
begin
  return query
    select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id
    where k.sha256 = any (p_contents) and (c.state not in ('erased', 'abandoned') or c.id = any (being_told)
      or c.state = 'abandoned' and (
        -- Nobody can have given it up.
        exists (select from capsule_units u where u.capsule_id = c.id)
        -- Its units may be those of one that is being written: the same units give the same bytes. What an erased one has as well is of others.
        or exists (select from capsules o where o.buyer is not distinct from c.buyer and o.product = c.product and o.state = 'planned')
          and not exists (select from capsule_files f join capsules e on e.id = f.capsule_id where f.sha256 = k.sha256 and e.state = 'erased')))
    union select f.sha256 from export_files f where f.sha256 = any (p_contents) and f.export_id <> all (p_over);
  if cardinality(being_told) = 0 then return; end if;
  return query
    select f.sha256 from export_files f join exports e on e.id = f.export_id
    where f.sha256 = any (p_contents) and exists (
      select from export_items i join capsule_units u on u.unit_id = i.unit_id
      where i.export_id = coalesce(e.reissue_of, e.id) and u.capsule_id = any (being_told)
      union all select from extract_items i join capsule_units u on u.unit_id = i.unit_id
      where i.export_id = coalesce(e.reissue_of, e.id) and u.capsule_id = any (being_told));
end $$;

-- Of the exports that have any of these contents, those that were over when it was decided, and are still: the archive of a number may
-- have become longer. What else it went by is for ever (units of erased capsules, deliveries) or asked apart (holds).
create function exports_still_over(p_contents text[], p_as_of timestamptz) returns text[]
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
declare
  known text[] := array(select distinct f.export_id from erased_contents e join export_files f on f.sha256 = e.sha256 join exports x on x.id = f.export_id
    where e.sha256 = any (p_contents) and x.made_at < e.decided_at);
begin
  return array(select x.id from exports x where x.id = any (known) and not exists (
    select from (select distinct i.batch_id from export_items i
      where i.export_id = coalesce(x.reissue_of, x.id) and i.kind = 'number' and i.unit_id is null) n
    left join batches b on b.id = n.batch_id where coalesce(archive_until(b.product, x.buyer) <= p_as_of, false) is not true));
end $$;

-- As before. All that takes longer with more units is asked first: who adds a hold waits for a look at what it covers itself, if it
-- was added meanwhile, and for whoever removes.
create or replace function contents_to_remove(p_run text, p_contents text[]) returns setof text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  holds text[];
  over text[];
  free text[];
begin
  perform check_sees_holds();
  select * into r from retention_runs where id = p_run;
  holds := array(select h.id from legal_holds h where h.released_at is null);
  over := exports_still_over(p_contents, least(r.as_of, clock_timestamp()));
  free := array(select e.sha256 from erased_contents e where e.sha256 = any (p_contents) and e.removed_at is null
    except select h.sha256 from contents_held(p_contents, holds) h (sha256));
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  return query
    select f.sha256 from unnest(free) f (sha256)
    except select u.sha256 from contents_in_use(free, over) u (sha256)
    except select h.sha256 from contents_held(free, array(select l.id from legal_holds l where l.released_at is null and l.id <> all (holds))) h (sha256)
    order by 1;
end $$;

-- As before, by the same questions. While any export is being made it waits: the search for bit rot comes by again.
create or replace function is_erased(p_sha256 text) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  asked text[] := array[p_sha256];
begin
  if not exists (select from erased_contents e where e.sha256 = p_sha256 and e.removed_at is not null)
    or exists (select from exports x where x.state = 'opened') then return false; end if;
  return not exists (select from contents_in_use(asked, exports_still_over(asked, clock_timestamp())))
    and not exists (select from contents_held(asked, array(select l.id from legal_holds l where l.released_at is null)));
end $$;

-- As before, and under no lock that a new hold waits for: what it decides is asked about again before it goes. Over 600,000 erased units
-- it took five seconds.
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

-- As before. From here on the auditor compares what a run removes with the holds that were open then: what runs of before migration 0060
-- had decided went whoever held it.
create or replace function open_retention_run(p_request text, p_as_of timestamptz, p_confirmed_by text, p_apart interval) returns text
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
  if p_confirmed_by is not null
     and not exists (select from operators o where o.number = p_confirmed_by and o.left_at is null and o.erased_at is null) then
    perform refuse('UT009', format('by: there is no operator %s in the plant file', p_confirmed_by));
  end if;
  doubt := clock_doubt(p_as_of, p_apart);
  insert into retention_runs (id, request, as_of, clock_confirmed_by, clock_trusted, clock_doubt)
  values (to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD') || '-' || (select count(*) + 1 from retention_runs), p_request, p_as_of,
    p_confirmed_by, doubt is null or p_confirmed_by is not null, doubt)
  returning * into r;
  insert into clock_marks (at, run_id) values (r.opened_at, r.id);
  perform append_to_stream('retention:' || r.id, 'retentionOpened', 'opened',
    format('{"asOf":%s,"clockConfirmedBy":%s,"clockDoubt":%s,"clockTrusted":%s,"holdsAsked":true}',
      told_time(r.as_of), json_or_null(r.clock_confirmed_by), json_or_null(r.clock_doubt), r.clock_trusted::text));
  return r.id;
end $$;

drop function unneeded_contents(text[]);
drop function exports_on_hold(text[]);
