-- Why: one shipment may have many cartons, cartons stand on pallets, and a planner composes shipments by hand, of units of
-- several batches. A shipment of before has the one carton that it was opened with, and stays as it is.
alter table shipments alter column carton drop not null;
alter table shipments add column carrier text;
alter table shipments add column ship_on date;
-- It was given up: closed, and nothing left with it.
alter table shipments add column cancelled boolean not null default false;
alter table shipments add constraint shipments_cancelled check (not cancelled or closed_at is not null);

create table pallets (
  sscc text not null,
  shipment_id text not null,
  -- In cartons; null: as many as it takes.
  capacity integer,
  opened_at timestamptz not null default clock_timestamp(),
  constraint pallets_pkey primary key (sscc),
  constraint pallets_of_shipment unique (shipment_id, sscc),
  constraint pallets_shipment foreign key (shipment_id) references shipments (id),
  constraint pallets_capacity check (capacity > 0)
);

create table cartons (
  sscc text not null,
  shipment_id text not null,
  pallet text,
  -- In units.
  capacity integer,
  opened_at timestamptz not null default clock_timestamp(),
  constraint cartons_pkey primary key (sscc),
  constraint cartons_shipment foreign key (shipment_id) references shipments (id),
  -- A carton is on a pallet of its own shipment.
  constraint cartons_pallet foreign key (shipment_id, pallet) references pallets (shipment_id, sscc),
  constraint cartons_capacity check (capacity > 0)
);
create index cartons_pallet on cartons (shipment_id, pallet);
insert into cartons (sscc, shipment_id, opened_at) select carton, id, opened_at from shipments;
alter table units add constraint units_carton foreign key (carton) references cartons (sscc);
create index units_carton on units (carton) where carton is not null;

create trigger cartons_never_deleted before delete on cartons for each row execute function refuse_change();
create trigger cartons_no_truncate before truncate on cartons execute function refuse_change();
create trigger pallets_never_deleted before delete on pallets for each row execute function refuse_change();
create trigger pallets_no_truncate before truncate on pallets execute function refuse_change();
grant select on cartons, pallets to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;

insert into event_types (type, stream_kind, appender, nature, part) values
  ('shipmentChanged',   'shipment', 'function', 'other', null),
  ('shipmentEmptied',   'shipment', 'function', 'other', null),
  ('shipmentCancelled', 'shipment', 'function', 'other', null),
  ('cartonOpened',      'shipment', 'function', 'other', null),
  ('cartonPlaced',      'shipment', 'function', 'other', null),
  ('palletOpened',      'shipment', 'function', 'other', null);

-- A value in a body that may be absent.
create function json_or_null(p_value text) returns text
language sql immutable as $$
  select coalesce(to_json(p_value)::text, 'null')
$$;

-- Locked against a closing that is under way. Other packers hold it as well.
create function lock_open_shipment(p_shipment text) returns shipments
language plpgsql as $$
declare
  s shipments;
begin
  select * into s from shipments where id = p_shipment for share;
  if not found then perform refuse('UT009', format('there is no shipment %s', p_shipment)); end if;
  if s.closed_at is not null then
    perform refuse('UT001', format('shipment %s was %s', p_shipment, case when s.cancelled then 'cancelled' else 'closed' end));
  end if;
  return s;
end $$;

-- A shipment without cartons yet: a batch's, or one that a planner composes. Returns whether it is new.
create function create_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carrier text, p_ship_on date,
                                p_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shipments;
begin
  perform check_office();
  perform check_word('shipment', p_shipment), check_word('destination', p_destination);
  if p_carrier is not null then perform check_word('carrier', p_carrier); end if;
  if p_by is not null then perform check_word('by', p_by); end if;
  if not exists (select from buyers where id = p_buyer) then perform refuse('UT009', format('there is no buyer %s', p_buyer)); end if;
  if p_batch is null and exists (select from batches where p_shipment = 'SH-' || id or starts_with(p_shipment, 'SH-' || id || '/')) then
    perform refuse('UT003', format('%s is a name of the shipment of a batch', p_shipment));
  end if;
  insert into shipments (id, batch_id, buyer, destination, carrier, ship_on)
  values (p_shipment, p_batch, p_buyer, p_destination, p_carrier, p_ship_on) on conflict (id) do nothing;
  if found then
    return append_to_stream('shipment:' || p_shipment, 'shipmentOpened', 'opened',
      format('{"batch":%s,"buyer":%s,"by":%s,"carrier":%s,"destination":%s,"shipOn":%s}', json_or_null(p_batch),
        to_json(p_buyer), json_or_null(p_by), json_or_null(p_carrier), to_json(p_destination), json_or_null(p_ship_on::text)));
  end if;
  select * into s from shipments where id = p_shipment;
  if (s.batch_id, s.buyer, s.destination) is distinct from (p_batch, p_buyer, p_destination) then
    perform refuse('UT003', format('shipment %s was opened for batch %s, buyer %s in %s', p_shipment, coalesce(s.batch_id, 'none'),
      s.buyer, s.destination));
  end if;
  -- A batch finds its own again, whatever became of it. A person who asks for another one has to hear that it is not this.
  if p_batch is null and (s.closed_at is not null or (s.carrier, s.ship_on) is distinct from (p_carrier, p_ship_on)) then
    perform refuse('UT003', format('shipment %s is there already: carrier %s, on %s%s', p_shipment, coalesce(s.carrier, 'none'),
      coalesce(s.ship_on::text, 'no date'), case when s.cancelled then ', cancelled' when s.closed_at is not null then ', closed' end));
  end if;
  return false;
end $$;

-- Sets what is given, and keeps what is null.
create function change_shipment(p_shipment text, p_carrier text, p_ship_on date, p_by text, p_id text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shipments;
begin
  perform check_office();
  perform check_word('by', p_by), check_word('id', p_id);
  if p_carrier is not null then perform check_word('carrier', p_carrier); end if;
  perform 1 from shipments where id = p_shipment for no key update;
  if exists (select from unit_events where stream = 'shipment:' || p_shipment and key = 'changed/' || p_id) then return; end if;
  s := lock_open_shipment(p_shipment);
  s.carrier := coalesce(p_carrier, s.carrier);
  s.ship_on := coalesce(p_ship_on, s.ship_on);
  update shipments set carrier = s.carrier, ship_on = s.ship_on where id = p_shipment;
  perform append_to_stream('shipment:' || p_shipment, 'shipmentChanged', 'changed/' || p_id,
    format('{"by":%s,"carrier":%s,"shipOn":%s}', to_json(p_by), json_or_null(s.carrier), json_or_null(s.ship_on::text)));
end $$;

-- One number, one thing: neither a carton nor a pallet has it already.
create function check_sscc(p_sscc text) returns void
language plpgsql as $$
begin
  if p_sscc !~ '^[0-9]{18}$' or p_sscc is null then perform refuse('UT007', format('%s is no SSCC', p_sscc)); end if;
  if exists (select from cartons where sscc = p_sscc) or exists (select from pallets where sscc = p_sscc) then
    perform refuse('UT003', format('SSCC %s is in use', p_sscc));
  end if;
end $$;

create function open_pallet(p_shipment text, p_pallet text, p_capacity integer, p_by text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_office();
  perform lock_open_shipment(p_shipment), check_sscc(p_pallet);
  insert into pallets (sscc, shipment_id, capacity) values (p_pallet, p_shipment, p_capacity);
  perform append_to_stream('shipment:' || p_shipment, 'palletOpened', 'pallet/' || p_pallet,
    format('{"by":%s,"capacity":%s,"pallet":%s}', json_or_null(p_by), coalesce(p_capacity::text, 'null'), to_json(p_pallet)));
end $$;

-- The pallet is of this shipment and has room for one more carton.
create function check_pallet(p_shipment text, p_pallet text) returns void
language plpgsql as $$
declare
  p pallets;
begin
  -- Not against those that only refer to it: two that take its last place wait for each other.
  select * into p from pallets where sscc = p_pallet and shipment_id = p_shipment for no key update;
  if not found then perform refuse('UT009', format('shipment %s has no pallet %s', p_shipment, p_pallet)); end if;
  if (select count(*) from cartons where shipment_id = p_shipment and pallet = p_pallet) >= p.capacity then
    perform refuse('UT001', format('pallet %s is full: %s cartons', p_pallet, p.capacity));
  end if;
end $$;

create function open_carton(p_shipment text, p_carton text, p_pallet text, p_capacity integer, p_by text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_office();
  perform lock_open_shipment(p_shipment), check_sscc(p_carton);
  if p_pallet is not null then perform check_pallet(p_shipment, p_pallet); end if;
  insert into cartons (sscc, shipment_id, pallet, capacity) values (p_carton, p_shipment, p_pallet, p_capacity);
  perform append_to_stream('shipment:' || p_shipment, 'cartonOpened', 'carton/' || p_carton,
    format('{"by":%s,"capacity":%s,"carton":%s,"pallet":%s}', json_or_null(p_by), coalesce(p_capacity::text, 'null'), to_json(p_carton),
      json_or_null(p_pallet)));
end $$;

-- Onto a pallet of its shipment, or off it where `p_pallet` is null.
create function place_carton(p_carton text, p_pallet text, p_by text, p_id text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c cartons;
begin
  perform check_office();
  perform check_word('by', p_by), check_word('id', p_id);
  select * into c from cartons where sscc = p_carton;
  if not found then perform refuse('UT009', format('there is no carton %s', p_carton)); end if;
  perform lock_open_shipment(c.shipment_id);
  select * into c from cartons where sscc = p_carton for no key update;
  if c.pallet is not distinct from p_pallet then return; end if;
  if p_pallet is not null then perform check_pallet(c.shipment_id, p_pallet); end if;
  update cartons set pallet = p_pallet where sscc = p_carton;
  perform append_to_stream('shipment:' || c.shipment_id, 'cartonPlaced', 'placed/' || p_id || '/' || p_carton,
    format('{"by":%s,"carton":%s,"from":%s,"pallet":%s}', to_json(p_by), to_json(p_carton), json_or_null(c.pallet),
      json_or_null(p_pallet)));
end $$;

-- As before, for workers of the version that knows one carton a shipment; it gets its row among the cartons.
create or replace function open_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carton text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shipments;
begin
  perform check_office();
  perform check_word('shipment', p_shipment), check_word('carton', p_carton), check_word('destination', p_destination);
  insert into shipments (id, batch_id, buyer, destination, carton)
  values (p_shipment, p_batch, p_buyer, p_destination, p_carton) on conflict (id) do nothing;
  if found then
    insert into cartons (sscc, shipment_id) values (p_carton, p_shipment);
    perform append_to_stream('shipment:' || p_shipment, 'shipmentOpened', 'opened',
      format('{"batch":%s,"buyer":%s,"carton":%s,"destination":%s}', to_json(p_batch), to_json(p_buyer),
        to_json(p_carton), to_json(p_destination)));
  end if;
  select * into s from shipments where id = p_shipment;
  if (s.batch_id, s.buyer, s.destination) is distinct from (p_batch, p_buyer, p_destination) or s.carton is null then
    perform refuse('UT003', format('shipment %s was opened for batch %s, buyer %s in %s', p_shipment, s.batch_id, s.buyer, s.destination));
  end if;
  return s.carton;
end $$;

-- Where the label on the unit is not the one that QC saw: by the row, or by the scan at packing. Null where they agree, and
-- where the QC of the product reads no label.
create function label_difference(u units, p_scanned jsonb) returns text
language plpgsql stable as $$
declare
  seen jsonb;
begin
  select e.body::jsonb #> '{statement,label}' into seen from unit_events e
  where e.stream = 'unit:' || u.id and e.seq = u.qc_seq and e.type = 'qualityPassed';
  return case
    when seen is null or jsonb_typeof(seen) <> 'object' then null
    when seen ->> 'serial' is distinct from u.serial then format('its QC saw the label of %s', seen ->> 'serial')
    when whole(seen, 'print') <> u.label_print then
      format('its QC saw print %s, and print %s is on record', seen ->> 'print', u.label_print)
    when p_scanned is not null and p_scanned <> seen then format('its label was scanned as %s, and QC saw %s', p_scanned, seen)
  end;
end $$;

create or replace function obstacle_to_shipping(u units, p_shipment text) returns text
language plpgsql stable as $$
declare
  s shipments;
  made_for text;
begin
  select * into s from shipments where id = p_shipment;
  select b.buyer into made_for from batches b where b.id = u.batch_id;
  return case
    when not coalesce(u.qc_seq > greatest(u.flashed_seq, u.tested_seq, u.provisioned_seq, u.label_seq, u.rework_seq), false)
      then 'no shipment without a QC newer than its last change'
    when u.trial then 'a unit of a trial batch stays in the house'
    when u.simulated and not exists (select from buyers b where b.id = s.buyer and b.test)
      then 'a simulated unit ships to a test buyer only'
    when made_for <> s.buyer then format('it was made for %s', made_for)
    when u.issuer <> s.buyer and exists (select from buyers b where b.id = u.issuer)
      then format('its serial is one of %s''s own', u.issuer)
    else label_difference(u, (select e.body::jsonb -> 'label' from unit_events e
      where e.stream = 'unit:' || u.id and e.type = 'packed' and u.state = 'Packed' order by e.seq desc limit 1))
  end;
end $$;

-- Nothing is packed into a shipment that has left, into another's carton, or into one that is full.
create function check_carton(u units, p_shipment text, p_carton text) returns void
language plpgsql as $$
declare
  c cartons;
begin
  -- Locked against a closing that is under way.
  perform 1 from shipments where id = p_shipment and closed_at is null for share;
  if found then select * into c from cartons where sscc = p_carton and shipment_id = p_shipment; end if;
  if c.sscc is null then
    perform refuse('UT002', format('unit %s: shipment %s has no open carton %s', u.serial, p_shipment, p_carton));
  end if;
  if c.capacity is null then return; end if;
  perform 1 from cartons where sscc = p_carton for no key update;
  if (select count(*) from units where carton = p_carton) >= c.capacity then
    perform refuse('UT001', format('carton %s is full: %s units', p_carton, c.capacity));
  end if;
end $$;

-- From one carton to another, of the same or of another open shipment: one transaction, so that the unit is in one of them.
create function repack_unit(p_unit uuid, p_body text, p_reason text, p_id text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  body jsonb := check_body(p_body);
  from_shipment text;
begin
  perform check_office();
  perform check_word('reason', p_reason), check_word('id', p_id), check_word('by', body ->> 'by');
  select shipment_id into from_shipment from units where id = p_unit;
  -- Before the unit, and in one order: a closing that waits for the unit holds its shipment.
  perform lock_open_shipment(id) from (select id from shipments where id in (from_shipment, body ->> 'shipment') order by id) s;
  u := lock_unit(p_unit);
  if exists (select from unit_events where stream = 'unit:' || p_unit and key = 'packing/' || p_id || '/in') then return; end if;
  if u.shipment_id is distinct from from_shipment then
    perform refuse('UT001', format('unit %s was moved meanwhile', u.serial));
  end if;
  u := advance_unit(u, 'unpacked', 'packing/' || p_id || '/out', format('{"by":%s,"reason":%s,"shipment":%s}',
    to_json(body ->> 'by'), to_json(p_reason), json_or_null(u.shipment_id)));
  perform advance_unit(u, 'packed', 'packing/' || p_id || '/in', p_body);
end $$;

-- What was taken out at a closing, as its event tells it; of very many the first ones, and the number.
create function tell_taken_out(p_serials text[], p_reasons text[]) returns text
language sql immutable as $$
  select format('"takenOut":[%s],"takenOutCount":%s', string_agg(format('{"reason":%s,"serial":%s}', to_json(reason), to_json(serial)), ','
    order by place) filter (where place <= 500), cardinality(p_serials))
  from unnest(p_serials, p_reasons) with ordinality as taken(serial, reason, place)
$$;

-- Ships what is packed in the shipment. What may not leave (any more) is taken out first, with the reason in its history, so
-- that one unit does not keep the others. The caller builds the records from what it reads in the same transaction and
-- seals them with `seal_record`. Where nothing is left to ship it stays open, unless `p_even_empty`. A repeat ships nothing.
create function close_shipment(p_shipment text, p_by text, p_even_empty boolean)
returns table (unit_id uuid, serial text, obstacle text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shipments;
  u units;
  why text;
  shipped integer := 0;
  serials text[] := '{}';
  reasons text[] := '{}';
  told text;
begin
  perform check_office();
  select * into s from shipments where id = p_shipment for update;
  if not found then perform refuse('UT009', format('there is no shipment %s', p_shipment)); end if;
  if s.closed_at is not null then return; end if;
  -- Until the end: an order is not lowered below what ships here. Claims and scraps don't wait for it.
  perform 1 from orders where id in (select b.order_id from units x join batches b on b.id = x.batch_id
    where x.shipment_id = p_shipment and x.state = 'Packed') order by id for key share;
  for u in select * from units where units.shipment_id = p_shipment and units.state = 'Packed' order by id for no key update loop
    why := obstacle_at_closing(u, p_shipment);
    if why is not null then
      perform advance_unit(u, 'unpacked', concat_ws('/', u.id, 'unpacked', p_shipment, u.seq + 1),
        format('{"reason":%s,"shipment":%s}', to_json(why), to_json(p_shipment)));
      serials := serials || u.serial;
      reasons := reasons || why;
    else
      perform advance_unit(u, 'shipped', concat_ws('/', u.id, 'shipped'),
        format('{"buyer":%s,"carton":%s,"destination":%s,"shipment":%s}', to_json(s.buyer), to_json(u.carton),
          to_json(s.destination), to_json(s.id)));
      shipped := shipped + 1;
    end if;
    unit_id := u.id; serial := u.serial; obstacle := why;
    return next;
  end loop;
  told := concat_ws(',', '"by":' || to_json(p_by)::text, case when serials <> '{}' then tell_taken_out(serials, reasons) end);
  if shipped = 0 and not p_even_empty then
    if serials <> '{}' then
      perform append_to_stream('shipment:' || p_shipment, 'shipmentEmptied',
        'emptied/' || (select seq + 1 from streams where stream = 'shipment:' || p_shipment), '{' || told || '}');
    end if;
    return;
  end if;
  update shipments set closed_at = clock_timestamp() where id = p_shipment;
  perform append_to_stream('shipment:' || p_shipment, 'shipmentClosed', 'closed',
    '{' || concat_ws(',', nullif(told, ''), '"units":' || shipped) || '}');
end $$;

-- As before, for workers of the version that closes a shipment of which nothing is left.
create or replace function ship_units(p_shipment text) returns setof unit_standing
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  closed record;
  u units;
begin
  for closed in select c.unit_id from close_shipment(p_shipment, null, true) c where c.obstacle is null loop
    select * into u from units where id = closed.unit_id;
    return next standing(u);
  end loop;
end $$;

-- A shipment that nobody wants any more, and that has no unit in it.
create function cancel_shipment(p_shipment text, p_by text, p_reason text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shipments;
begin
  perform check_office();
  perform check_word('reason', p_reason);
  select * into s from shipments where id = p_shipment for update;
  if not found then perform refuse('UT009', format('there is no shipment %s', p_shipment)); end if;
  if s.cancelled then return; end if;
  if s.closed_at is not null then perform refuse('UT021', format('shipment %s has left', p_shipment)); end if;
  if exists (select from units where shipment_id = p_shipment) then
    perform refuse('UT021', format('shipment %s has units in it: take them out first', p_shipment));
  end if;
  update shipments set closed_at = clock_timestamp(), cancelled = true where id = p_shipment;
  perform append_to_stream('shipment:' || p_shipment, 'shipmentCancelled', 'cancelled',
    format('{"by":%s,"reason":%s}', json_or_null(p_by), to_json(p_reason)));
end $$;

grant execute on function create_shipment(text, text, text, text, text, date, text),
  change_shipment(text, text, date, text, text), open_carton(text, text, text, integer, text),
  open_pallet(text, text, integer, text), place_carton(text, text, text, text), repack_unit(uuid, text, text, text),
  close_shipment(text, text, boolean), cancel_shipment(text, text, text) to unitrail_office;
