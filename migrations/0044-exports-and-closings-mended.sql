-- Why: four things that stopped people. An export whose look can't be made stopped its buyer's sequence for good; the closing
-- of an order's shipments took ever longer where the order had been lowered, and two of them could wait for each other; a second
-- closing told what the first one had taken out; and what is due was counted by reading all that ever shipped.

-- The look of an export that is not made yet, anew: event of its stream, with who and why.
insert into event_types (type, stream_kind, appender, nature, part) values
  ('exportLookPinned', 'export', 'function', 'other', null);

-- As before; while it is opened only, its look may be pinned anew.
create or replace function refuse_export_change() returns trigger
language plpgsql as $$
declare
  was exports := old;
begin
  was.state := new.state;
  if old.state = 'opened' then was.manifest := new.manifest; was.made_at := new.made_at; end if;
  if new.state = 'opened' then was.look := new.look; end if;
  if new.state = 'delivered' then was.delivered_at := new.delivered_at; end if;
  if new is distinct from was or (old.state, new.state) not in (('opened', 'opened'), ('opened', 'made'), ('made', 'delivered')) then
    raise exception using errcode = '42501', message = format('export %s can not become that', old.id);
  end if;
  return new;
end $$;

-- Which reports of numbers are in it was decided when it was opened, and stays. A repeat under the same id changes nothing.
create function pin_export_look(p_export text, p_look text, p_by text, p_reason text, p_id text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  e exports;
begin
  perform check_word('by', p_by), check_word('reason', p_reason), check_word('id', p_id);
  select * into e from exports where id = p_export for update;
  if not found then perform refuse('UT009', format('there is no export %s', p_export)); end if;
  if exists (select from unit_events where stream = 'export:' || p_export and key = 'look/' || p_id) then return false; end if;
  if e.state <> 'opened' then
    perform refuse('UT021', format('export %s is made: its files are what they are', p_export));
  end if;
  if check_body(p_look) -> 'include' is distinct from e.look::jsonb -> 'include' then
    perform refuse('UT002', format('export %s: which reports are in it was decided when it was opened', p_export));
  end if;
  update exports set look = p_look where id = p_export;
  return append_to_stream('export:' || p_export, 'exportLookPinned', 'look/' || p_id, format('{"by":%s,"lookSha256":%s,"reason":%s}',
    to_json(p_by), to_json(encode(sha256(convert_to(p_look, 'UTF8')), 'hex')), to_json(p_reason)));
end $$;
grant execute on function pin_export_look(text, text, text, text, text) to unitrail_desk;

-- As before, and only what was made by the look that is pinned now is booked.
create function export_made(p_export text, p_manifest text, p_public_key text, p_look_sha256 text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  m jsonb := check_body(p_manifest);
  key_id text := left(encode(sha256(decode(p_public_key, 'base64')), 'hex'), 16);
  digest text := encode(sha256(convert_to(p_manifest, 'UTF8')), 'hex');
  e exports;
  before exports;
begin
  perform check_office();
  select * into e from exports where id = p_export for update;
  if not found then perform refuse('UT009', format('there is no export %s', p_export)); end if;
  if e.state <> 'opened' then return false; end if;
  if encode(sha256(convert_to(e.look, 'UTF8')), 'hex') is distinct from p_look_sha256 then
    perform refuse('40001', format('export %s is to look otherwise by now', e.id));
  end if;
  select * into before from exports where id = e.predecessor;
  if before.state = 'opened' then
    perform refuse('40001', format('export %s waits for %s, which is not made yet', e.id, before.id));
  end if;
  if (m ->> 'format', m ->> 'export', m ->> 'buyer', m ->> 'kind', m -> 'number', m #>> '{reissueOf}', m #>> '{predecessor,export}',
      m #>> '{predecessor,manifestSha256}', m -> 'counts', m #>> '{signature,keyId}')
     is distinct from
     ('unitrail.export/1', e.id, e.buyer, e.kind, coalesce(to_jsonb(e.number), 'null'), e.reissue_of, before.id,
      encode(sha256(convert_to(before.manifest, 'UTF8')), 'hex'),
      jsonb_build_object('units', e.records, 'amendments', e.amendments, 'numbers', e.numbers), key_id) then
    perform refuse('UT002', format('the manifest of export %s does not say what its row says', e.id));
  end if;
  insert into export_keys (id, public_key) values (key_id, p_public_key) on conflict (id) do nothing;
  insert into export_files (export_id, name, size_bytes, sha256, rows)
  select e.id, f ->> 'name', whole(f, 'sizeBytes'), f ->> 'sha256', whole(f, 'rows') from jsonb_array_elements(m -> 'files') as f;
  update exports set state = 'made', made_at = clock_timestamp(), manifest = p_manifest where id = e.id;
  return append_to_stream('export:' || e.id, 'exportMade', 'made',
    format('{"files":%s,"keyId":%s,"manifestSha256":%s}', jsonb_array_length(m -> 'files'), to_json(key_id), to_json(digest)));
end $$;
grant execute on function export_made(text, text, text, text) to unitrail_office;

-- For workers that say nothing of the look: theirs may be the one that the export was opened with.
create or replace function export_made(p_export text, p_manifest text, p_public_key text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  e exports;
begin
  perform check_office();
  select * into e from exports where id = p_export for update;
  if e.state = 'opened'
     and exists (select from unit_events where stream = 'export:' || e.id and type = 'exportLookPinned') then
    perform refuse('40001', format('export %s has got another look: a worker of the present version makes it', e.id));
  end if;
  return export_made(p_export, p_manifest, p_public_key, encode(sha256(convert_to(e.look, 'UTF8')), 'hex'));
end $$;

-- As before, but for `shipped`: no event but a closing's is of that type, and it counts once for all of its units.
create or replace function over_ordered(u units, p_type text) returns text
language plpgsql as $$
declare
  ended constant text[] := array['Scrapped', 'Missing', 'Void'];
  o orders;
  others bigint;
begin
  if p_type = 'shipped' then return null; end if;
  select orders.* into o from orders join batches b on b.order_id = orders.id where b.id = u.batch_id;
  if o.alive + (u.state = any (ended))::integer <= o.quantity then return null; end if;
  -- Two that take the last place wait for each other.
  select * into o from orders where id = o.id for no key update;
  if p_type = 'found' then
    others := o.quantity - greatest(order_room(o), 0);
  else
    select count(*) into others from units x join batches b on b.id = x.batch_id
    where b.order_id = o.id and x.id <> u.id and not x.state = any (ended) and case
      when p_type = 'assigned' then x.step <> 'assign'
      when p_type in ('labelIntended', 'printIntended') then x.label_print is not null or x.open_print is not null
      when p_type = 'packed' then x.state in ('Packed', 'Shipped') end;
  end if;
  if others < o.quantity then return null; end if;
  return format('order %s is for %s units, and as many others have come as far', o.id, o.quantity);
end $$;

-- As before, and of a unit that was to be moved from one carton to another.
create or replace function remember_refusal(p_unit uuid, p_type text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
begin
  u := lock_unit(p_unit);
  if p_type is null or p_type not in ('assigned', 'labelIntended', 'printIntended', 'packed', 'found')
     or not (p_type = 'packed' and u.state = 'Packed' or exists (select from transitions t
       where t.type = p_type and t.from_state = u.state and coalesce(t.from_step = u.step, true)))
     or over_ordered(u, p_type) is null then
    return false;
  end if;
  perform tell_overproduction(u, p_type);
  return true;
end $$;

-- What may not leave with the shipment, in words; null where the unit may. One that is too many for its order is taken out
-- as well, and the order remembers it.
drop function obstacle_at_closing(units, text);
create function obstacle_at_closing(u units, p_shipment text, p_too_many boolean) returns text
language plpgsql volatile as $$
begin
  if exists (select from holds where unit_id = u.id and released_seq is null) then return 'on quality hold'; end if;
  if not exists (select from cartons where sscc = u.carton and shipment_id = p_shipment) then
    return 'its carton is none of this shipment';
  end if;
  if p_too_many then perform tell_overproduction(u, 'shipped'); end if;
  return coalesce(obstacle_to_shipping(u, p_shipment), case when p_too_many then
    (select format('order %s is for %s units, and as many others have come as far', o.id, o.quantity)
     from orders o join batches b on b.order_id = o.id where b.id = u.batch_id) end);
end $$;

-- As before; an emptied shipment is told under the id of whoever closed it, and what has shipped of a lowered order is counted
-- once. In one order for all who lock: the shipment, its units, their orders.
create function close_shipment(p_shipment text, p_by text, p_even_empty boolean, p_id text)
returns table (unit_id uuid, serial text, obstacle text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shipments;
  u units;
  o orders;
  why text;
  shipped integer := 0;
  serials text[] := '{}';
  reasons text[] := '{}';
  told text;
  -- Orders for fewer than are alive, and how many more of each may ship.
  lowered text[] := '{}';
  room bigint[] := '{}';
  place integer;
begin
  perform check_office();
  if p_id is not null then perform check_word('id', p_id); end if;
  select * into s from shipments where id = p_shipment for update;
  if not found then perform refuse('UT009', format('there is no shipment %s', p_shipment)); end if;
  if s.closed_at is not null then return; end if;
  perform 1 from units where units.shipment_id = p_shipment and units.state = 'Packed' order by id for no key update;
  -- Until the end: an order is not lowered below what ships here. Claims and scraps don't wait for it, unless it was lowered.
  for o in select * from orders where id in (select b.order_id from units x join batches b on b.id = x.batch_id
      where x.shipment_id = p_shipment and x.state = 'Packed') order by id for key share loop
    continue when o.alive <= o.quantity;
    perform 1 from orders where id = o.id for no key update;
    lowered := lowered || o.id;
    room := room || o.quantity - (select count(*) from units x join batches b on b.id = x.batch_id
      where b.order_id = o.id and x.state = 'Shipped');
  end loop;
  for u in select * from units where units.shipment_id = p_shipment and units.state = 'Packed' order by id loop
    place := array_position(lowered, (select b.order_id from batches b where b.id = u.batch_id));
    why := obstacle_at_closing(u, p_shipment, coalesce(room[place] <= 0, false));
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
      if place is not null then room[place] := room[place] - 1; end if;
    end if;
    unit_id := u.id; serial := u.serial; obstacle := why;
    return next;
  end loop;
  told := concat_ws(',', '"by":' || to_json(p_by)::text, case when serials <> '{}' then tell_taken_out(serials, reasons) end);
  if shipped = 0 and not p_even_empty then
    if serials <> '{}' then
      perform append_to_stream('shipment:' || p_shipment, 'shipmentEmptied',
        'emptied/' || coalesce(p_id, (select seq + 1 from streams where stream = 'shipment:' || p_shipment)::text), '{' || told || '}');
    end if;
    return;
  end if;
  update shipments set closed_at = clock_timestamp() where id = p_shipment;
  perform append_to_stream('shipment:' || p_shipment, 'shipmentClosed', 'closed',
    '{' || concat_ws(',', nullif(told, ''), '"units":' || shipped) || '}');
end $$;
grant execute on function close_shipment(text, text, boolean, text) to unitrail_office;

-- As before, for workers that name no id.
create or replace function close_shipment(p_shipment text, p_by text, p_even_empty boolean)
returns table (unit_id uuid, serial text, obstacle text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query select * from close_shipment(p_shipment, p_by, p_even_empty, null);
end $$;

-- What a buyer has shipped and not been told, without reading all that was. A closing is one transaction, and an export takes
-- whatever is there: of a shipment all records are told, or none, so that one unit of it answers for the others.
-- `open_export` does not rest on that: it looks at each.
create view untold_shipments as
select s.id, s.buyer from shipments s
where s.closed_at is not null and not s.cancelled
  and not exists (select from export_items x where x.kind = 'record'
    and x.unit_id = (select u.id from units u where u.shipment_id = s.id and u.state = 'Shipped' limit 1));
grant select on untold_shipments to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
