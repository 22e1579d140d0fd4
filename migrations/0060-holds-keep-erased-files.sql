-- Why: a hold that was added after a capsule was erased in the database, and before its files were gone from the store, kept the files
-- of exports alone: the capsule's own went with the next run. And what was decided to go was removed for hours, whoever held it
-- meanwhile. A clock was confirmed by a number that nobody has.

-- As before; a capsule that is erased needs what it still has while somebody holds one of its units, and one that was given up while
-- anybody holds anything: which units it had is in no table any more.
create or replace function needed_contents(p_exports_over text[]) returns table (sha256 text)
language sql stable as $$
  select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id where c.state not in ('erased', 'abandoned')
    or c.state = 'abandoned' and (exists (select from capsule_units u where u.capsule_id = c.id)
      or exists (select from legal_holds h where h.released_at is null))
  union all
  -- Begins at what is held: without a hold it looks at no capsule.
  select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id
  where c.state = 'erased' and c.id in (select u.capsule_id from units_on_legal_hold h join capsule_units u on u.unit_id = h.unit_id)
  union all
  select e.sha256 from export_files e where not exists (select from unnest(p_exports_over) o (id) where o.id = e.export_id)
$$;

-- Those of these exports that tell of anything that somebody holds.
create function exports_on_hold(p_exports text[]) returns table (id text)
language sql stable as $$
  select x.id from exports x where x.id = any (p_exports) and exists (select from legal_holds h where h.released_at is null) and (
    exists (select from legal_holds h where h.kind = 'buyer' and h.value = x.buyer and h.released_at is null)
    or exists (select from export_items i join units_on_legal_hold h on h.unit_id = i.unit_id where i.export_id = coalesce(x.reissue_of, x.id))
    or exists (select from extract_items i join units_on_legal_hold h on h.unit_id = i.unit_id where i.export_id = coalesce(x.reissue_of, x.id)))
$$;

-- Of contents that were decided to go, those that nothing needs by now; the exports that the decision knew were over, or it had
-- stayed. Asks of these contents alone.
create function unneeded_contents(p_contents text[]) returns setof text
language plpgsql stable as $$
declare
  known text[];
begin
  known := array(select distinct f.export_id from erased_contents e join export_files f on f.sha256 = e.sha256 join exports x on x.id = f.export_id
    where e.sha256 = any (p_contents) and x.made_at < e.decided_at);
  known := array(select k.id from unnest(known) k (id) except select h.id from exports_on_hold(known) h);
  return query
    with needed as materialized (select n.sha256 from needed_contents(known) n where n.sha256 = any (p_contents))
    select e.sha256 from erased_contents e
    where e.sha256 = any (p_contents) and not exists (select from needed n where n.sha256 = e.sha256) order by e.sha256;
end $$;

-- What of these may be removed now. A hold that is added waits until this transaction is over: whoever asks removes in it, and no more
-- than a handful at a time.
create function contents_to_remove(p_run text, p_contents text[]) returns setof text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
begin
  perform check_sees_holds();
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  return query
    select u.sha256 from unneeded_contents(p_contents) u (sha256) join erased_contents e on e.sha256 = u.sha256 where e.removed_at is null order by 1;
end $$;
grant execute on function contents_to_remove(text, text[]) to unitrail_retention;

-- As before, by the same question.
create or replace function is_erased(p_sha256 text) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from erased_contents e where e.sha256 = p_sha256 and e.removed_at is not null)
    or exists (select from exports x where x.state = 'opened') then return false; end if;
  return exists (select from unneeded_contents(array[p_sha256]));
end $$;

-- As before; whoever confirms the clock is a person of the plant file.
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
    format('{"asOf":%s,"clockConfirmedBy":%s,"clockDoubt":%s,"clockTrusted":%s}',
      told_time(r.as_of), json_or_null(r.clock_confirmed_by), json_or_null(r.clock_doubt), r.clock_trusted::text));
  return r.id;
end $$;
