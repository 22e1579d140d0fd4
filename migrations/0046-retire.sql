-- Why: what decides about retention, in one place. What is due and who holds it, which terms count, the one function that
-- removes bytes here (`retire`) and the two that erase for good. Each looks for itself, whatever its caller has looked at.

-- What the version of the plant file says of a product that went to a buyer: where both name a policy, the longer of each.
-- No policy: null, and nothing is ever due.
create function retention_terms(p_document jsonb, p_product text, p_buyer text)
returns table (policies text[], database_months integer, archive_years integer, support_ends date)
language sql immutable security definer set search_path = public, pg_temp as $$
  select array_agg(r ->> 'name' order by r ->> 'name'), max((r ->> 'databaseMonths')::integer),
    -- Where the policy says nothing: ten years, as Regulation (EU) 2024/2847 article 13(13) asks of documentation.
    max(coalesce((r ->> 'archiveYears')::integer, 10)),
    (select max((p ->> 'supportEnds')::date) from jsonb_array_elements(p_document -> 'products') p where p ->> 'code' = p_product)
  from jsonb_array_elements(p_document -> 'retentionPolicies') r
  where exists (select from jsonb_array_elements(p_document -> 'products') p
      where p ->> 'code' = p_product and p ->> 'retentionPolicy' = r ->> 'name')
    or exists (select from jsonb_array_elements(p_document -> 'buyers') b
      where b ->> 'id' = p_buyer and b ->> 'retentionPolicy' = r ->> 'name')
  having count(*) > 0
$$;

-- The versions of the plant file whose terms count before anything is erased: the one in force, and those of the last thirty
-- days. A policy that was shortened by mistake erases nothing for so long, unless two persons have agreed to a later version.
create function versions_that_count() returns table (id bigint, document jsonb)
language sql stable as $$
  select v.id, v.document::jsonb from plant_versions v
  where v.id >= greatest(
    (select coalesce(max(o.id), 0) from plant_versions o where o.applied_at <= clock_timestamp() - interval '30 days'),
    (select coalesce(max(a.plant_version), 0) from (
       select plant_version from retention_approvals group by plant_version having count(*) >= 2) a))
$$;

-- Which versions these are, for those who ask.
create function retention_versions() returns table (id bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select v.id from versions_that_count() v
$$;

-- When the last unit of the product was placed on the market.
create function last_placed(p_product text) returns timestamptz
language sql stable as $$
  select s.closed_at from shipments s
  where s.closed_at is not null and exists (select from units u where u.shipment_id = s.id and u.product = p_product and u.state = 'Shipped')
  order by s.closed_at desc limit 1
$$;

-- Until when the archive is kept: the longest of what every version that counts says. Null: for ever.
create function archive_until(p_product text, p_buyer text) returns timestamptz
language sql stable as $$
  select case when bool_and(t.archive_years is not null) then
    max(greatest(coalesce(last_placed(p_product), clock_timestamp()) + make_interval(years => t.archive_years), (t.support_ends + 1)::timestamp at time zone 'UTC'))
  end
  from versions_that_count() v left join lateral retention_terms(v.document, p_product, p_buyer) t on true
$$;

-- Units whose buyer has not got all of it: the record, what was said of it since, or (of one that came to nothing) its numbers.
create view undelivered_units as
select u.id as unit_id, s.buyer from units u join shipments s on s.id = u.shipment_id
where u.state = 'Shipped' and not exists (
  select from export_items x join exports e on e.id = x.export_id where x.kind = 'record' and x.unit_id = u.id and e.state = 'delivered')
union all
select u.id, s.buyer from unit_events v join units u on u.id = substr(v.stream, 6)::uuid join shipments s on s.id = u.shipment_id
where v.type in ('recordCorrected', 'unitReturned') and u.state = 'Shipped' and not exists (
  select from export_items x join exports e on e.id = x.export_id
  where x.kind = 'amendment' and x.unit_id = u.id and x.seq = v.seq and e.state = 'delivered')
union all
select u.id, n.buyer from units u join batches b on b.id = u.batch_id
join identifiers i on i.unit_id = u.id and i.kind in ('serial', 'mac')
left join buyers own on own.id = u.issuer left join buyers_by_shipment first on first.batch_id = b.id
cross join lateral (select coalesce(own.id, b.buyer, first.buyer) as buyer) n
-- A buyer may decline these reports.
left join (select w ->> 'id' as id from (select document::jsonb as d from plant_versions order by id desc limit 1) p,
             jsonb_array_elements(p.d -> 'buyers') w where w #>> '{export,include,scrapped}' = 'false') declines on declines.id = n.buyer
where u.state in ('Scrapped', 'Void') and not b.trial and n.buyer is not null and declines.id is null
  and not exists (select from export_items x join exports e on e.id = x.export_id where x.kind = 'number'
    and (x.issuer, x.identifier, x.value, x.fate) = (i.issuer, i.kind, i.value, lower(u.state)) and e.state = 'delivered');

-- What the terms in force let go by then, and what stands in its way. Of a unit that was moved before, what was said since
-- stays here.
create function due_units(p_as_of timestamptz)
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
    coalesce(substr(r.body::jsonb #>> '{shipment,at}', 1, 7), to_char(e.ended_at at time zone 'UTC', 'YYYY-MM')), e.seq, e.head,
    r.sealed_at, r.sha256, h.unit_id is not null, d.unit_id is not null
  from ended e join terms t on t.product = e.product and t.buyer is not distinct from e.buyer
  left join records r on r.unit_id = e.id
  -- As sets: asked unit by unit, they would be looked through a million times.
  left join (select distinct w.unit_id from units_on_legal_hold w) h on h.unit_id = e.id
  left join (select distinct w.unit_id from undelivered_units w) d on d.unit_id = e.id
  where e.ended_at + make_interval(months => t.database_months) <= p_as_of
$$;

-- Legal holds. A hold waits for the handful of units that are being moved at this moment, and then wins.
create function add_legal_hold(p_id text, p_kind text, p_value text, p_unit uuid, p_reason text, p_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  h legal_holds;
begin
  perform check_word('id', p_id), check_word('value', p_value), check_word('reason', p_reason), check_word('by', p_by);
  perform pg_advisory_xact_lock(hashtext('unitrail.legal-holds'));
  select * into h from legal_holds where id = p_id;
  if found then
    if (h.kind, h.value, h.unit_id) is distinct from (p_kind, p_value, p_unit) then
      perform refuse('UT003', format('legal hold %s is on %s %s', p_id, h.kind, h.value));
    end if;
    return false;
  end if;
  insert into legal_holds (id, kind, value, unit_id, reason, added_by) values (p_id, p_kind, p_value, p_unit, p_reason, p_by);
  return append_to_stream('retention:hold-' || p_id, 'legalHoldAdded', 'added', format('{"by":%s,"kind":%s,"reason":%s,"unit":%s,"value":%s}',
    to_json(p_by), to_json(p_kind), to_json(p_reason), coalesce(to_json(p_unit)::text, 'null'), to_json(p_value)));
end $$;

create function release_legal_hold(p_id text, p_reason text, p_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  h legal_holds;
begin
  perform check_word('reason', p_reason), check_word('by', p_by);
  select * into h from legal_holds where id = p_id for update;
  if not found then perform refuse('UT009', format('there is no legal hold %s', p_id)); end if;
  if h.released_at is not null then return false; end if;
  update legal_holds set released_at = clock_timestamp(), released_by = p_by, released_reason = p_reason where id = p_id;
  return append_to_stream('retention:hold-' || p_id, 'legalHoldReleased', 'released',
    format('{"by":%s,"reason":%s}', to_json(p_by), to_json(p_reason)));
end $$;

-- One person's consent to the terms of the version in force. Two different persons make them count at once.
create function approve_retention(p_version bigint, p_by text) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  newest bigint;
  consents integer;
begin
  if not exists (select from operators where number = p_by and left_at is null and erased_at is null) then
    perform refuse('UT009', format('by: there is no operator %s in the plant file', p_by));
  end if;
  select max(id) into newest from plant_versions;
  if p_version is distinct from newest then
    perform refuse('UT021', format('version %s of the plant file is not the one in force, %s', p_version, newest));
  end if;
  insert into retention_approvals (plant_version, approved_by) values (p_version, p_by) on conflict do nothing;
  if found then
    perform append_to_stream('retention:plant-' || p_version, 'retentionApproved', 'approved/' || p_by,
      format('{"by":%s,"plantVersion":%s}', to_json(p_by), p_version));
  end if;
  select count(*) into consents from retention_approvals where plant_version = p_version;
  return consents;
end $$;

-- Who is in the plant file, by number. From the first time that somebody is not, the time of the name runs.
create function note_operators(p_numbers text[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update operators set left_at = clock_timestamp() where left_at is null and not number = any (p_numbers);
  update operators set left_at = null where left_at is not null and number = any (p_numbers);
end $$;

-- Opens one run. It judges by the time it was planned for, and never by one that this database's clock has not reached. Where
-- that clock stands more than a hundred days after the last run that could be trusted, somebody has to say that it is right.
create function open_retention_run(p_request text, p_as_of timestamptz, p_confirmed_by text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  known timestamptz;
begin
  perform check_office();
  perform check_word('request', p_request);
  if p_confirmed_by is not null then perform check_word('confirmed by', p_confirmed_by); end if;
  if p_as_of is null then perform refuse('UT007', 'asOf is missing'); end if;
  perform pg_advisory_xact_lock(hashtext('unitrail.retention'));
  select * into r from retention_runs where request = p_request;
  if found then return r.id; end if;
  if p_as_of > clock_timestamp() + interval '1 minute' then
    perform refuse('UT021', format('asOf %s is later than the clock of the database, %s: a clock is wrong. Nothing was done',
      told_time(p_as_of), told_time(clock_timestamp())));
  end if;
  select coalesce((select max(opened_at) from retention_runs where clock_trusted), (select max(applied_at) from plant_versions)) into known;
  insert into retention_runs (id, request, as_of, clock_confirmed_by, clock_trusted)
  values (to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD') || '-' || (select count(*) + 1 from retention_runs), p_request, p_as_of,
    p_confirmed_by, p_confirmed_by is not null or coalesce(clock_timestamp() - known <= interval '100 days', true))
  returning * into r;
  perform append_to_stream('retention:' || r.id, 'retentionOpened', 'opened', format('{"asOf":%s,"clockConfirmedBy":%s,"clockTrusted":%s}',
    told_time(r.as_of), json_or_null(r.clock_confirmed_by), r.clock_trusted::text));
  return r.id;
end $$;

-- Locks the run that somebody works in.
create function run_under_way(p_run text) returns retention_runs
language plpgsql as $$
declare
  r retention_runs;
begin
  select * into r from retention_runs where id = p_run for no key update;
  if not found then perform refuse('UT009', format('there is no retention run %s', p_run)); end if;
  if r.ended_at is not null then perform refuse('UT021', format('retention run %s is over', p_run)); end if;
  return r;
end $$;

-- Names the units of new capsules: what is due, held by nobody, and in its buyer's hands. A buyer who lacks one record of
-- what is due has nothing moved. A repeat plans nothing more.
create function plan_capsules(p_run text) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  most constant integer := 100000;
  r retention_runs;
  blocked jsonb;
  one record;
begin
  perform check_office();
  -- One after the other: two runs that plan at once would both take what is due.
  perform pg_advisory_xact_lock(hashtext('unitrail.retention'));
  r := run_under_way(p_run);
  if r.planned_at is null and r.clock_trusted then
    with due as materialized (select * from due_units(r.as_of)),
    late as (select d.buyer, count(*) as units from due d where d.undelivered and d.buyer is not null group by d.buyer),
    chosen as (
      select d.*, (row_number() over (partition by d.buyer, d.product, d.month order by d.serial collate "C", d.issuer) - 1) / most as slice
      from due d where not d.held and not d.undelivered and not exists (select from late l where l.buyer = d.buyer)),
    grouped as (
      select c.buyer, c.product, c.month, c.slice, count(*) as units, count(c.record_sha256) as records,
        sum(c.last_seq) as events, min(c.sealed_at) as sealed_from, max(c.sealed_at) as sealed_to,
        1 + c.slice + coalesce((select max(k.number) from capsules k
          where k.buyer is not distinct from c.buyer and k.product = c.product and k.month = c.month), 0) as number
      from chosen c group by c.buyer, c.product, c.month, c.slice),
    named as (select g.*, concat_ws('-', coalesce(g.buyer, 'own'), g.product, g.month, g.number) as id from grouped g),
    made as (
      insert into capsules (id, run_id, buyer, product, month, number, units, records, events, sealed_from, sealed_to, delivery)
      select n.id, p_run, n.buyer, n.product, n.month, n.number, n.units, n.records, n.events, n.sealed_from, n.sealed_to,
        case when n.buyer is null then 'none' else 'due' end from named n),
    filled as (
      insert into capsule_units (unit_id, last_seq, head, capsule_id, issuer, serial, record_sha256)
      select c.unit_id, c.last_seq, c.head, n.id, c.issuer, c.serial, c.record_sha256
      from chosen c join named n on n.buyer is not distinct from c.buyer and n.product = c.product and n.month = c.month and n.slice = c.slice)
    select coalesce(jsonb_agg(jsonb_build_object('buyer', l.buyer, 'units', l.units) order by l.buyer), '[]') into blocked from late l;
    insert into capsule_statements (unit_id, seq, capsule_id, type, body_sha256)
    select u.unit_id, e.seq, u.capsule_id, e.type, encode(sha256(convert_to(e.body::jsonb::text, 'UTF8')), 'hex')
    from capsules c join capsule_units u on u.capsule_id = c.id
    join unit_events e on e.stream = 'unit:' || u.unit_id and e.seq <= u.last_seq
    where c.run_id = p_run and e.type in ('recordCorrected', 'unitReturned');
    for one in select * from jsonb_to_recordset(blocked) as x (buyer text, units bigint) loop
      perform append_to_stream('retention:' || p_run, 'moveBlocked', 'blocked/' || one.buyer,
        format('{"buyer":%s,"undelivered":%s}', to_json(one.buyer), one.units));
    end loop;
    for one in select * from capsules where run_id = p_run order by id loop
      perform append_to_stream('retention:' || p_run, 'capsulePlanned', 'planned/' || one.id,
        format('{"buyer":%s,"capsule":%s,"events":%s,"month":%s,"product":%s,"records":%s,"units":%s}', json_or_null(one.buyer), to_json(one.id),
          one.events, to_json(one.month), to_json(one.product), one.records, one.units));
    end loop;
  end if;
  update retention_runs set planned_at = clock_timestamp() where id = p_run and planned_at is null;
  return (select count(*) from capsules where run_id = p_run);
end $$;

-- Books the files that were written: once, and for ever. A repeat is answered false.
create function capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  select * into c from capsules where id = p_capsule for update;
  if not found then perform refuse('UT009', format('there is no capsule %s', p_capsule)); end if;
  if c.state <> 'planned' then return false; end if;
  perform check_body(p_manifest);
  if check_body(p_events_manifest) ->> 'manifestSha256' is distinct from encode(sha256(convert_to(p_manifest, 'UTF8')), 'hex') then
    perform refuse('UT002', format('capsule %s: the manifest of the events is that of other files', c.id));
  end if;
  insert into capsule_files (capsule_id, name, role, own_only, size_bytes, sha256)
  select c.id, f ->> 'name', f ->> 'role', (f ->> 'ownOnly')::boolean, whole(f, 'sizeBytes'), f ->> 'sha256' from jsonb_array_elements(p_files) f;
  update capsules set state = 'made', made_at = clock_timestamp(), manifest = p_manifest, events_manifest = p_events_manifest where id = c.id;
  return append_to_stream('retention:' || p_run, 'capsuleMade', 'made/' || c.id, format('{"capsule":%s,"files":%s,"manifestSha256":%s}',
    to_json(c.id), jsonb_array_length(p_files), to_json(encode(sha256(convert_to(p_events_manifest, 'UTF8')), 'hex'))));
end $$;

-- What came of a try to bring it to its buyer. No target: the plant file names no server, and somebody hands it out.
create function capsule_delivered(p_capsule text, p_run text, p_target text, p_code text, p_message text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  select * into c from capsules where id = p_capsule for update;
  if not found or c.state = 'planned' then perform refuse('UT009', format('there is no capsule %s that is made', p_capsule)); end if;
  if c.delivery <> 'due' then return; end if;
  insert into capsule_deliveries (capsule_id, target, code, message) values (c.id, coalesce(p_target, 'none'), p_code, left(p_message, 2000));
  if p_code is not null then return; end if;
  update capsules set delivery = case when p_target is null then 'none' else 'delivered' end where id = c.id;
  perform append_to_stream('retention:' || p_run, 'capsuleDelivered', 'delivered/' || c.id,
    format('{"capsule":%s,"target":%s}', to_json(c.id), json_or_null(p_target)));
end $$;

-- A copy was read back as a whole, by another program than the one that wrote it, and each history in it ends where the
-- database says: named by the digest of the events' manifest, which names all the rest. Who may remove the bytes here may not say that.
create function copy_verified(p_capsule text, p_run text, p_place text, p_manifest_sha256 text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  perform check_word('place', p_place);
  select * into c from capsules where id = p_capsule for update;
  if not found or c.state = 'planned' then perform refuse('UT009', format('there is no capsule %s that is made', p_capsule)); end if;
  if p_manifest_sha256 is distinct from encode(sha256(convert_to(c.events_manifest, 'UTF8')), 'hex') then
    perform refuse('UT002', format('capsule %s: the copy at %s has another manifest', c.id, p_place));
  end if;
  insert into capsule_copies (capsule_id, place, run_id, manifest_sha256) values (c.id, p_place, p_run, p_manifest_sha256) on conflict do nothing;
  if not found then return; end if;
  perform append_to_stream('retention:' || p_run, 'copyVerified', concat_ws('/', 'verified', c.id, p_place),
    format('{"capsule":%s,"manifestSha256":%s,"place":%s}', to_json(c.id), to_json(p_manifest_sha256), to_json(p_place)));
end $$;

-- Whoever removes has to see a hold that was added a moment ago. A transaction that looks at everything as it was at its
-- beginning would not.
create function check_sees_holds() returns void
language plpgsql as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform refuse('UT021', format('nothing is removed in a transaction that is %s: it has to be read committed, to see holds',
      current_setting('transaction_isolation')));
  end if;
end $$;

-- Removes the events and records of some units of a capsule, and says how many units are left. Nothing else removes any.
-- What was read back in an earlier run does not count: in between, a hold may have kept it for years, and the disk have rotted.
create function retire(p_capsule text, p_run text, p_most integer) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  c capsules;
  chosen uuid[];
  wanted bigint;
  found_rows bigint;
  obstacle text;
begin
  perform check_sees_holds();
  -- Whoever adds a hold waits until this handful is done, and this waits for a hold that is being added.
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  if (p_most between 1 and 10000) is not true then perform refuse('UT007', format('%s units at a time; 1 to 10000', p_most)); end if;
  select * into c from capsules where id = p_capsule for update;
  if not found then perform refuse('UT009', format('there is no capsule %s', p_capsule)); end if;
  if c.state in ('moved', 'erased') then return 0; end if;
  if c.state <> 'made' then perform refuse('UT021', format('capsule %s is not made yet', c.id)); end if;
  if not exists (select from capsule_copies v where v.capsule_id = c.id and v.place = 'store' and v.run_id = p_run and v.verified_by <> session_user
       and v.manifest_sha256 = encode(sha256(convert_to(c.events_manifest, 'UTF8')), 'hex')) then
    perform refuse('UT021', format('capsule %s: nobody else has read its copy in the store back in this run', c.id));
  end if;
  if c.delivery = 'due' then perform refuse('UT021', format('capsule %s is still to be brought to %s', c.id, c.buyer)); end if;
  select h.hold_id into obstacle from capsule_units u join units_on_legal_hold h on h.unit_id = u.unit_id where u.capsule_id = c.id limit 1;
  if found then perform refuse('UT021', format('capsule %s: a unit of it is on legal hold %s', c.id, obstacle)); end if;
  select array_agg(u.unit_id), sum(u.last_seq) into chosen, wanted from (
    select * from capsule_units where capsule_id = c.id and retired_at is null order by unit_id limit p_most) u;
  if chosen is not null then
    select u.serial into obstacle from undelivered_units d join units u on u.id = d.unit_id where d.unit_id = any (chosen) limit 1;
    if found then perform refuse('UT021', format('capsule %s: its buyer has not got everything of unit %s', c.id, obstacle)); end if;
    perform check_included(chosen);
    select m.serial into obstacle from capsule_units m
    left join unit_events e on e.stream = 'unit:' || m.unit_id and e.seq = m.last_seq
    left join records d on d.unit_id = m.unit_id
    where m.unit_id = any (chosen) and (e.hash is distinct from m.head or d.sha256 is distinct from m.record_sha256) limit 1;
    if found then perform refuse('UT002', format('capsule %s: the history or the record of unit %s is another one here', c.id, obstacle)); end if;
    update capsule_units set retired_at = now() where unit_id = any (chosen);
    delete from unit_events e using capsule_units m
    where m.unit_id = any (chosen) and e.stream = 'unit:' || m.unit_id and e.seq <= m.last_seq;
    get diagnostics found_rows = row_count;
    if found_rows <> wanted then
      perform refuse('UT002', format('capsule %s: %s events are here of %s that it holds', c.id, found_rows, wanted));
    end if;
    delete from records where unit_id = any (chosen);
  end if;
  select count(*) into found_rows from capsule_units where capsule_id = c.id and retired_at is null;
  if found_rows > 0 then return found_rows; end if;
  update capsules set state = 'moved', moved_at = clock_timestamp() where id = c.id;
  perform append_to_stream('retention:' || p_run, 'capsuleMoved', 'moved/' || c.id,
    format('{"capsule":%s,"events":%s,"records":%s,"units":%s}', to_json(c.id), c.events, c.records, c.units));
  return 0;
end $$;

-- The archive's end: after it the bytes may go. The caller removes them from the store afterwards; what is left of a unit is
-- its row, its identifiers and its digests.
create function erase_capsule(p_capsule text, p_run text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  c capsules;
  until timestamptz;
  obstacle text;
begin
  perform check_sees_holds();
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  select * into c from capsules where id = p_capsule for update;
  if not found then perform refuse('UT009', format('there is no capsule %s', p_capsule)); end if;
  if c.state = 'erased' then return; end if;
  if c.state <> 'moved' then perform refuse('UT021', format('capsule %s is not moved', c.id)); end if;
  until := archive_until(c.product, c.buyer);
  if coalesce(until <= least(r.as_of, clock_timestamp()), false) is not true then
    perform refuse('UT021', format('capsule %s is kept until %s', c.id, coalesce(told_time(until), 'further notice')));
  end if;
  select h.hold_id into obstacle from capsule_units u join units_on_legal_hold h on h.unit_id = u.unit_id where u.capsule_id = c.id limit 1;
  if found then perform refuse('UT021', format('capsule %s: a unit of it is on legal hold %s', c.id, obstacle)); end if;
  update capsules set state = 'erased', erased_at = clock_timestamp() where id = c.id;
  perform append_to_stream('retention:' || p_run, 'capsuleErased', 'erased/' || c.id,
    format('{"capsule":%s,"keptUntil":%s,"units":%s}', to_json(c.id), told_time(until), c.units));
end $$;

-- The document of the leaf that an event of a unit is: `statement_of`, for those who write capsules.
create function capsule_statement(e unit_events) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select statement_of(e)
$$;

-- Exports that tell of nothing but units whose archive is over: their files hold the same records once more.
create view erased_exports as
select e.id from exports e
where e.state = 'delivered' and not exists (
  select from (
    select x.unit_id from export_items x where x.export_id = coalesce(e.reissue_of, e.id) and x.unit_id is not null
    union all
    select x.unit_id from extract_items x where x.export_id = e.id) i
  where not exists (select from capsule_units u join capsules c on c.id = u.capsule_id where u.unit_id = i.unit_id and c.state = 'erased'))
  and (exists (select from export_items x where x.export_id = coalesce(e.reissue_of, e.id) and x.unit_id is not null)
    or exists (select from extract_items x where x.export_id = e.id));

-- What is due to be erased by then: capsules that nobody holds.
create function erasable_capsules(p_as_of timestamptz) returns table (capsule_id text, kept_until timestamptz, hold_id text)
language sql stable security definer set search_path = public, pg_temp as $$
  select c.id, k.until, (select h.hold_id from capsule_units u join units_on_legal_hold h on h.unit_id = u.unit_id where u.capsule_id = c.id limit 1)
  from (select m.product, m.buyer, archive_until(m.product, m.buyer) as until
        from (select distinct product, buyer from capsules where state = 'moved') m) k
  join capsules c on c.product = k.product and c.buyer is not distinct from k.buyer and c.state = 'moved'
  where k.until <= p_as_of order by c.id
$$;

-- How long a name stays after its person has left, by every version that counts. Null: for ever.
create function names_months() returns integer
language sql stable as $$
  select case when bool_and(t.months is not null) then max(t.months) end
  from versions_that_count() v
  left join lateral (select max((r ->> 'operatorNamesMonths')::integer) as months from jsonb_array_elements(v.document -> 'retentionPolicies') r) t on true
$$;

-- Names of persons who left so long ago. While anybody holds anything, all of them stay: they may be asked for.
create function erasable_names(p_as_of timestamptz) returns setof text
language sql stable security definer set search_path = public, pg_temp as $$
  select o.number from operators o
  where o.erased_at is null and o.left_at + make_interval(months => names_months()) <= p_as_of
    and not exists (select from legal_holds where released_at is null) order by o.number
$$;

create function erase_names(p_run text) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  numbers text[];
begin
  perform check_sees_holds();
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  r := run_under_way(p_run);
  if not r.clock_trusted then return 0; end if;
  numbers := array(select erasable_names(least(r.as_of, clock_timestamp())));
  if cardinality(numbers) = 0 then return 0; end if;
  update operators set name = null, erased_at = clock_timestamp() where number = any (numbers);
  perform append_to_stream('retention:' || p_run, 'namesErased', 'names', format('{"operators":%s}', to_json(numbers)));
  return cardinality(numbers);
end $$;

create function end_retention_run(p_run text, p_report text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
begin
  perform check_office();
  perform check_body(p_report);
  select * into r from retention_runs where id = p_run for no key update;
  if not found then perform refuse('UT009', format('there is no retention run %s', p_run)); end if;
  if r.ended_at is not null then return; end if;
  update retention_runs set ended_at = clock_timestamp(), report = p_report where id = p_run;
  perform append_to_stream('retention:' || p_run, 'retentionEnded', 'ended',
    format('{"reportSha256":%s}', to_json(encode(sha256(convert_to(p_report, 'UTF8')), 'hex'))));
end $$;

-- What is sealed has to be in the log, under a checkpoint that has left the machine, before its bytes go.
create function check_included(p_units uuid[]) returns void
language plpgsql as $$
declare
  missing text;
begin
  if to_regclass('public.log_leaves') is null then return; end if;
  select q.stream into missing from log_queue q left join log_leaves l on l.queue_id = q.id
  where q.stream = any (array(select 'unit:' || u from unnest(p_units) u))
    and not coalesce(l.index < (select max(size) from log_checkpoints), false) limit 1;
  if found then perform refuse('UT021', format('a leaf of %s is in no checkpoint of the log yet', missing)); end if;
end $$;

grant select on retention_runs, capsules, capsule_units, capsule_statements, capsule_files, capsule_copies, capsule_deliveries, legal_holds,
  retention_approvals, units_on_legal_hold, undelivered_units, sealed_digests, erased_exports to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function due_units(timestamptz), erasable_capsules(timestamptz), erasable_names(timestamptz), retention_versions(),
  retention_terms(jsonb, text, text)
  to unitrail_office, unitrail_desk, unitrail_retention;
grant execute on function open_retention_run(text, timestamptz, text), plan_capsules(text), capsule_made(text, text, text, text, jsonb),
  capsule_delivered(text, text, text, text, text), capsule_statement(unit_events), copy_verified(text, text, text, text), end_retention_run(text, text) to unitrail_office;
grant execute on function retire(text, text, integer), erase_capsule(text, text), erase_names(text) to unitrail_retention;
grant execute on function add_legal_hold(text, text, text, uuid, text, text), release_legal_hold(text, text, text),
  approve_retention(bigint, text) to unitrail_desk;
grant execute on function note_operators(text[]) to unitrail_desk, unitrail_office;
