-- Why: a buyer (or its auditor) may look things up by itself, and sees its own rows only. Each buyer has a login, a member
-- of `unitrail_buyer`, and policies map `session_user` to the buyer. They restrict members of that group alone: for everybody
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

-- Columns that an export tells as well, and what is needed to put them together.
grant select (login, buyer) on buyer_logins to unitrail_buyer;
grant select (id, buyer, kind, number, as_of, predecessor, reissue_of, sealed_from, sealed_to, records, amendments, numbers, state,
  opened_at, made_at, delivered_at, manifest) on exports to unitrail_buyer;
grant select (export_id, kind, issuer, identifier, value, seq, unit_id, fate, fate_at, batch_id, reason) on export_items to unitrail_buyer;
grant select (export_id, kind, issuer, identifier, value, seq, unit_id) on extract_items to unitrail_buyer;
grant select (export_id, name, size_bytes, sha256, rows) on export_files to unitrail_buyer;
grant select (id, export_id, started_at, ended_at, outcome, code) on deliveries to unitrail_buyer;
grant select (id, buyer, destination, carrier, ship_on, closed_at) on shipments to unitrail_buyer;
grant select (id, issuer, serial, product, shipment_id, carton) on units to unitrail_buyer;
grant select (unit_id, serial, format, body, sha256, sealed_at) on records to unitrail_buyer;
grant select (stream, seq, type, at, body) on unit_events to unitrail_buyer;

create view buyer_exports with (security_invoker = true) as
select e.id as export, e.kind, e.number, e.as_of, e.predecessor, e.reissue_of, e.records as units, e.amendments, e.numbers, e.state,
  e.opened_at, e.made_at, e.delivered_at, e.manifest
from exports e;

create view buyer_export_files with (security_invoker = true) as
select f.export_id as export, f.name, f.size_bytes, f.sha256, f.rows from export_files f;

-- Each try, without what it said: that is for whoever delivers.
create view buyer_deliveries with (security_invoker = true) as
select d.export_id as export, d.started_at, d.ended_at, d.outcome, d.code from deliveries d;

-- `export` is null until an export has taken the record.
create view buyer_records with (security_invoker = true) as
select u.issuer, r.serial, u.product, s.id as shipment, s.closed_at as shipped_at, s.destination, u.carton, r.format, r.body, r.sha256,
  r.sealed_at, x.export_id as export
from records r join units u on u.id = r.unit_id join shipments s on s.id = u.shipment_id
left join export_items x on x.kind = 'record' and x.unit_id = r.unit_id;

-- The events first, which are few: a join by an expression could give a row away, so that none by an index is made of it.
create view buyer_amendments with (security_invoker = true) as
with amendments as materialized (
  select case when starts_with(e.stream, 'unit:') then substr(e.stream, 6)::uuid end as unit_id, e.seq, e.type, e.at, e.body
  from unit_events e where e.type in ('recordCorrected', 'unitReturned')
)
select u.issuer, u.serial, e.seq, e.type, e.at, e.body, x.export_id as export
from amendments e join units u on u.id = e.unit_id
left join export_items x on x.kind = 'amendment' and x.unit_id = u.id and x.seq = e.seq;

-- What became of numbers that came to no shipped unit, as it was told.
create view buyer_numbers with (security_invoker = true) as
select x.issuer, x.identifier, x.value, x.fate, x.fate_at, x.batch_id as batch, x.reason, x.export_id as export
from export_items x where x.kind = 'number';

grant select on buyer_exports, buyer_export_files, buyer_deliveries, buyer_records, buyer_amendments, buyer_numbers to unitrail_buyer;
