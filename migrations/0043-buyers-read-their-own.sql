-- Why: a buyer (or its auditor) may look things up by itself, and sees its own rows only. Each buyer has a login, a member
-- of `unitrail_buyer`, and may read no table: views over functions give it its rows, and no condition of the reader's ever comes
-- to a table. One that did would tell how many rows it found there, in plans and counters, before a policy hides them.
-- Policies are the second wall, for a table that is granted by mistake. They restrict members of that group alone: for everybody
-- else each table is what it was, and a group that is made tomorrow does not read an empty table by mistake.

-- Whose a login is. The names tell nothing of the buyer, because every login of a server can read the names of all.
-- Without a foreign key to the buyer: logins are made before the plant file is applied.
create table buyer_logins (
  login text not null,
  buyer text not null,
  made_at timestamptz not null default clock_timestamp(),
  constraint buyer_logins_pkey primary key (login),
  constraint buyer_logins_buyer unique (buyer),
  constraint buyer_logins_login check (login ~ '^unitrail_buyer_[0-9a-f]{12}$')
);
create trigger buyer_logins_append_only before update or delete on buyer_logins for each row execute function refuse_change();
create trigger buyer_logins_no_truncate before truncate on buyer_logins execute function refuse_change();
grant select on buyer_logins to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;

-- By what a delivery to the buyer takes its turn: every login sees the numbers of locks that are held, and a number made of
-- the buyer's name would tell whoever guesses the name.
alter table buyers add column turn uuid not null default gen_random_uuid();

alter table buyer_logins enable row level security;
alter table exports enable row level security;
alter table export_items enable row level security;
alter table extract_items enable row level security;
alter table export_files enable row level security;
alter table deliveries enable row level security;
alter table shipments enable row level security;
alter table units enable row level security;
alter table records enable row level security;
alter table unit_events enable row level security;

create policy as_before on buyer_logins for select using (true);
create policy as_before on exports for select using (true);
create policy as_before on export_items for select using (true);
create policy as_before on extract_items for select using (true);
create policy as_before on export_files for select using (true);
create policy as_before on deliveries for select using (true);
create policy as_before on shipments for select using (true);
create policy as_before on units for select using (true);
create policy as_before on records for select using (true);
create policy as_before on unit_events for select using (true);

-- Each policy looks through those of the tables that it reads.
create policy buyers_own on buyer_logins as restrictive for select to unitrail_buyer using (login = session_user);
create policy buyers_own on exports as restrictive for select to unitrail_buyer
  using (buyer = (select l.buyer from buyer_logins l where l.login = session_user));
create policy buyers_own on export_items as restrictive for select to unitrail_buyer using (export_id in (select e.id from exports e));
create policy buyers_own on extract_items as restrictive for select to unitrail_buyer using (export_id in (select e.id from exports e));
create policy buyers_own on export_files as restrictive for select to unitrail_buyer using (export_id in (select e.id from exports e));
create policy buyers_own on deliveries as restrictive for select to unitrail_buyer using (export_id in (select e.id from exports e));
-- What has left. What is still being packed is nobody's yet.
create policy buyers_own on shipments as restrictive for select to unitrail_buyer
  using (closed_at is not null and not cancelled and buyer = (select l.buyer from buyer_logins l where l.login = session_user));
create policy buyers_own on units as restrictive for select to unitrail_buyer
  using (state = 'Shipped' and exists (select from shipments s where s.id = units.shipment_id));
create policy buyers_own on records as restrictive for select to unitrail_buyer
  using (exists (select from units u where u.id = records.unit_id));
-- Of a history only what was said after the sealing. The case: other streams' names are no units, and the cast would say so.
create policy buyers_own on unit_events as restrictive for select to unitrail_buyer
  using (type in ('recordCorrected', 'unitReturned') and case when starts_with(stream, 'unit:')
    then exists (select from units u where u.id = substr(unit_events.stream, 6)::uuid) else false end);

-- What follows starts from the reader's own rows and goes from each to what belongs to it, in this order whatever the planner
-- thinks of it: `offset 0` keeps each step by itself. So the work that a query does is told by the reader's rows alone.
create function buyer_of_session() returns text
language sql stable as $$ select buyer from buyer_logins where login = session_user::text $$;

-- What has left. What is still being packed is nobody's yet.
create view shipped_to_session as
select u.id, u.issuer, u.serial, u.product, u.carton, s.id as shipment, s.closed_at as shipped_at, s.destination
from shipments s
cross join lateral (select x.id, x.issuer, x.serial, x.product, x.carton from units x
  where x.shipment_id = s.id and x.state = 'Shipped' offset 0) as u
where s.buyer = buyer_of_session() and s.closed_at is not null and not s.cancelled;

create view records_of_session as
select u.issuer, u.serial, u.product, u.shipment, u.shipped_at, u.destination, u.carton, r.format, r.body, r.sha256, r.sealed_at, i.export
from shipped_to_session u
cross join lateral (select x.format, x.body, x.sha256, x.sealed_at from records x where x.unit_id = u.id offset 0) as r
left join lateral (select x.export_id as export from export_items x where x.kind = 'record' and x.unit_id = u.id offset 0) as i on true;

create function read_buyer_exports() returns table (export text, kind text, number integer, as_of timestamptz, predecessor text,
  reissue_of text, units integer, amendments integer, numbers integer, state text, opened_at timestamptz, made_at timestamptz,
  delivered_at timestamptz, manifest text)
language sql stable security definer set search_path = public, pg_temp as $$
select e.id, e.kind, e.number, e.as_of, e.predecessor, e.reissue_of, e.records, e.amendments, e.numbers, e.state, e.opened_at,
  e.made_at, e.delivered_at, e.manifest
from exports e where e.buyer = buyer_of_session() $$;

create function read_buyer_export_files() returns table (export text, name text, size_bytes bigint, sha256 text, rows integer)
language sql stable security definer set search_path = public, pg_temp as $$
select e.id, f.name, f.size_bytes, f.sha256, f.rows from exports e
cross join lateral (select x.name, x.size_bytes, x.sha256, x.rows from export_files x where x.export_id = e.id offset 0) as f
where e.buyer = buyer_of_session() $$;

-- Each try, without what it said, which is for whoever delivers, and without its number, whose gaps would tell of others' tries.
create function read_buyer_deliveries() returns table (export text, started_at timestamptz, ended_at timestamptz, outcome text, code text)
language sql stable security definer set search_path = public, pg_temp as $$
select e.id, d.started_at, d.ended_at, d.outcome, d.code from exports e
cross join lateral (select x.started_at, x.ended_at, x.outcome, x.code from deliveries x where x.export_id = e.id offset 0) as d
where e.buyer = buyer_of_session() $$;

-- `export` is null until an export has taken the record.
create function read_buyer_records() returns table (issuer text, serial text, product text, shipment text, shipped_at timestamptz,
  destination text, carton text, format text, body text, sha256 text, sealed_at timestamptz, export text)
language sql stable security definer set search_path = public, pg_temp as $$
select r.issuer, r.serial, r.product, r.shipment, r.shipped_at, r.destination, r.carton, r.format, r.body, r.sha256, r.sealed_at, r.export
from records_of_session r $$;

-- One of them, without putting all the others together. It looks through the reader's own units, not for the serial.
create function buyer_record(p_serial text) returns table (issuer text, serial text, product text, shipment text,
  shipped_at timestamptz, destination text, carton text, format text, body text, sha256 text, sealed_at timestamptz, export text)
language sql stable security definer set search_path = public, pg_temp as $$
select r.issuer, r.serial, r.product, r.shipment, r.shipped_at, r.destination, r.carton, r.format, r.body, r.sha256, r.sealed_at, r.export
from records_of_session r where r.serial = p_serial $$;

-- Of a history only what was said after the sealing.
create function read_buyer_amendments() returns table (issuer text, serial text, seq bigint, type text, at timestamptz, body text,
  export text)
language sql stable security definer set search_path = public, pg_temp as $$
select u.issuer, u.serial, e.seq, e.type, e.at, e.body, i.export
from shipped_to_session u
cross join lateral (select x.seq, x.type, x.at, x.body from unit_events x
  where x.stream = 'unit:' || u.id and x.type in ('recordCorrected', 'unitReturned') offset 0) as e
left join lateral (select x.export_id as export from export_items x
  where x.kind = 'amendment' and x.unit_id = u.id and x.seq = e.seq offset 0) as i on true $$;

-- What became of numbers that came to no shipped unit, as it was told.
create function read_buyer_numbers() returns table (issuer text, identifier text, value text, fate text, fate_at timestamptz,
  batch text, reason text, export text)
language sql stable security definer set search_path = public, pg_temp as $$
select x.issuer, x.identifier, x.value, x.fate, x.fate_at, x.batch_id, x.reason, e.id from exports e
cross join lateral (select i.issuer, i.identifier, i.value, i.fate, i.fate_at, i.batch_id, i.reason from export_items i
  where i.export_id = e.id and i.kind = 'number' offset 0) as x
where e.buyer = buyer_of_session() $$;

-- From each row by an index to the next, whatever the reader sets for the session: to read a table from end to end would count it.
-- And no plan of theirs is told, nor what else a session may ask to hear: its estimates come of everybody's rows. It is
-- one plan for all serials.
do $$
declare
  f regprocedure;
  setting text;
begin
  foreach f in array array['read_buyer_exports()', 'read_buyer_export_files()', 'read_buyer_deliveries()', 'read_buyer_records()',
      'buyer_record(text)', 'read_buyer_amendments()', 'read_buyer_numbers()']::regprocedure[] loop
    foreach setting in array array['enable_seqscan = off', 'enable_hashjoin = off', 'enable_mergejoin = off', 'enable_bitmapscan = off',
        'enable_indexonlyscan = off', 'enable_indexscan = on', 'enable_nestloop = on', 'max_parallel_workers_per_gather = 0', 'jit = off',
        'plan_cache_mode = force_generic_plan', 'debug_print_plan = off', 'client_min_messages = warning'] loop
      execute format('alter function %s set %s', f, setting);
    end loop;
    execute format('grant execute on function %s to unitrail_buyer', f);
  end loop;
end $$;

create view buyer_exports with (security_invoker = true) as
select export, kind, number, as_of, predecessor, reissue_of, units, amendments, numbers, state, opened_at, made_at, delivered_at, manifest
from read_buyer_exports();
create view buyer_export_files with (security_invoker = true) as
select export, name, size_bytes, sha256, rows from read_buyer_export_files();
create view buyer_deliveries with (security_invoker = true) as
select export, started_at, ended_at, outcome, code from read_buyer_deliveries();
create view buyer_records with (security_invoker = true) as
select issuer, serial, product, shipment, shipped_at, destination, carton, format, body, sha256, sealed_at, export from read_buyer_records();
create view buyer_amendments with (security_invoker = true) as
select issuer, serial, seq, type, at, body, export from read_buyer_amendments();
create view buyer_numbers with (security_invoker = true) as
select issuer, identifier, value, fate, fate_at, batch, reason, export from read_buyer_numbers();

grant select on buyer_exports, buyer_export_files, buyer_deliveries, buyer_records, buyer_amendments, buyer_numbers to unitrail_buyer;
