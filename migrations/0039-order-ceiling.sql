-- Why: an order's quantity may be lowered below what is being built. The units that are one too many are then refused where
-- they would be labelled, packed or shipped, and the refusal is remembered: the buyer's order is what it is.
alter table orders drop constraint orders_alive;
alter table orders add constraint orders_alive check (alive >= 0);

insert into event_types (type, stream_kind, appender, nature, part) values
  ('orderQuantitySet',      'order', 'function', 'other', null),
  ('overproductionRefused', 'order', 'function', 'other', null);

-- Whether the unit would be one more than its order is for, at this event: as many others have come as far. Null: it has a
-- place. While no more are alive than were ordered nothing is counted.
create function over_ordered(u units, p_type text) returns text
language plpgsql as $$
declare
  ended constant text[] := array['Scrapped', 'Missing', 'Void'];
  o orders;
  others bigint;
begin
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
      when p_type = 'packed' then x.state in ('Packed', 'Shipped')
      when p_type = 'shipped' then x.state = 'Shipped' end;
  end if;
  if others < o.quantity then return null; end if;
  return format('order %s is for %s units, and as many others have come as far', o.id, o.quantity);
end $$;

-- One event for each unit, and each time that something has become of it since.
create function tell_overproduction(u units, p_type text) returns void
language plpgsql as $$
declare
  o orders;
begin
  select orders.* into o from orders join batches b on b.order_id = orders.id where b.id = u.batch_id;
  -- Told already, with the numbers of then.
  if exists (select from unit_events where stream = 'order:' || o.id and key = concat_ws('/', 'refused', p_type, u.id, u.seq)) then
    return;
  end if;
  perform append_to_stream('order:' || o.id, 'overproductionRefused', concat_ws('/', 'refused', p_type, u.id, u.seq),
    format('{"alive":%s,"batch":%s,"quantity":%s,"serial":%s,"unit":%s,"what":%s}', o.alive, to_json(u.batch_id), o.quantity,
      to_json(u.serial), to_json(u.id), to_json(p_type)));
end $$;

-- A refusal rolls its own event back: the caller remembers it in a second transaction. What is not refused (any more) is no
-- refusal. Returns whether it was one.
create function remember_refusal(p_unit uuid, p_type text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
begin
  u := lock_unit(p_unit);
  if p_type is null or p_type not in ('assigned', 'labelIntended', 'printIntended', 'packed', 'found')
     or not exists (select from transitions t where t.type = p_type and t.from_state = u.state and coalesce(t.from_step = u.step, true))
     or over_ordered(u, p_type) is null then
    return false;
  end if;
  perform tell_overproduction(u, p_type);
  return true;
end $$;

-- The same of units that there are not yet: of a claim, or of a batch that was to be opened or topped up.
create function remember_order_refusal(p_order text, p_batch text, p_what text, p_asked integer) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  o orders;
begin
  perform check_word('batch', p_batch);
  if p_what is null or p_what not in ('claim', 'batch', 'topUp') then
    perform refuse('UT007', format('%s asks an order for no unit', p_what));
  end if;
  select * into o from orders where id = p_order for no key update;
  if not found or p_asked <= (case p_what when 'claim' then o.quantity - o.alive else order_room(o) end) then return false; end if;
  perform append_to_stream('order:' || o.id, 'overproductionRefused',
    concat_ws('/', 'refused', p_what, p_batch, p_asked, o.alive, o.quantity),
    format('{"alive":%s,"asked":%s,"batch":%s,"quantity":%s,"what":%s}', o.alive, p_asked, to_json(p_batch), o.quantity,
      to_json(p_what)));
  return true;
end $$;

-- The buyer wants more, or fewer; never fewer than have shipped. Returns whether that is new.
create function set_order_quantity(p_order text, p_quantity integer, p_by text, p_reason text, p_id text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  o orders;
  shipped bigint;
begin
  perform check_word('by', p_by), check_word('reason', p_reason), check_word('id', p_id);
  select * into o from orders where id = p_order for update;
  if not found then perform refuse('UT009', format('there is no order %s', p_order)); end if;
  if exists (select from unit_events where stream = 'order:' || p_order and key = 'quantity/' || p_id) then return false; end if;
  select count(*) into shipped from units u join batches b on b.id = u.batch_id where b.order_id = p_order and u.state = 'Shipped';
  if (p_quantity between greatest(shipped, 1) and 10000000) is not true then
    perform refuse('UT007', format('quantity: %s is not allowed; %s to 10000000: %s have shipped', p_quantity, greatest(shipped, 1), shipped));
  end if;
  if p_quantity = o.quantity then return false; end if;
  update orders set quantity = p_quantity where id = p_order;
  return append_to_stream('order:' || p_order, 'orderQuantitySet', 'quantity/' || p_id,
    format('{"by":%s,"from":%s,"quantity":%s,"reason":%s}', to_json(p_by), o.quantity, p_quantity, to_json(p_reason)));
end $$;

-- What may not leave with the shipment, in words; null where the unit may. One that is too many for its order is taken out
-- as well, and the order remembers it.
create function obstacle_at_closing(u units, p_shipment text) returns text
language plpgsql volatile as $$
declare
  too_many text;
begin
  if exists (select from holds where unit_id = u.id and released_seq is null) then return 'on quality hold'; end if;
  if not exists (select from cartons where sscc = u.carton and shipment_id = p_shipment) then
    return 'its carton is none of this shipment';
  end if;
  too_many := over_ordered(u, 'shipped');
  if too_many is not null then perform tell_overproduction(u, 'shipped'); end if;
  return coalesce(obstacle_to_shipping(u, p_shipment), too_many);
end $$;

-- As before, with the cartons of a shipment, the label at packing and the ceiling of the order.
create or replace function check_rules(u units, p_type text, p_body jsonb) returns void
language plpgsql as $$
declare
  print bigint := whole(p_body, 'print');
  obstacle text;
begin
  -- The shipment before the order, as a closing locks them.
  if p_type = 'packed' then perform 1 from shipments where id = p_body ->> 'shipment' and closed_at is null for share; end if;
  if p_type in ('assigned', 'labelIntended', 'printIntended', 'packed', 'shipped') then
    obstacle := over_ordered(u, p_type);
    if obstacle is not null then
      perform refuse('UT008', format('unit %s is one too many: %s. Scrap it, or raise the quantity of the order', u.serial, obstacle));
    end if;
  end if;
  case p_type
    when 'assigned' then
      if jsonb_array_length(p_body -> 'macs') is distinct from coalesce((recipe_of(u) #>> '{product,macs,count}')::integer, 0) then
        perform refuse('UT002', format('unit %s: it has not the number of MAC addresses that its recipe says', u.serial));
      end if;
    when 'boardBound' then
      perform check_word('chipUid', p_body ->> 'chipUid');
      if u.chip_uid <> p_body ->> 'chipUid' then
        perform refuse('UT013', format('unit %s is bound to chip %s, not %s', u.serial, u.chip_uid, p_body ->> 'chipUid'));
      end if;
      -- In another family's name the same UID would count as another chip.
      if p_body ->> 'chipFamily' is distinct from recipe_of(u) #>> '{product,chipFamily}' then
        perform refuse('UT002', format('unit %s: chips of family %s are not in its recipe', u.serial, p_body ->> 'chipFamily'));
      end if;
      if not exists (select from batches b where b.id = u.batch_id and b.board_batch = p_body ->> 'boardBatch'
           and b.board_lot = p_body ->> 'boardLot') then
        perform refuse('UT002', format('unit %s: boards of batch %s, lot %s are not those of its batch', u.serial,
          p_body ->> 'boardBatch', p_body ->> 'boardLot'));
      end if;
    when 'flashed' then
      if u.chip_uid is null or p_body ->> 'firmwareSha256' is distinct from u.firmware_sha256 then
        perform refuse('UT002', format('unit %s: flashed needs a bound board and the pinned firmware', u.serial));
      end if;
    when 'testPassed', 'testFailed', 'testErred' then
      perform check_test(u, p_type, p_body);
    when 'certificateIntended', 'certificateIssued', 'installIntended', 'provisioned' then
      perform check_certificate(u, p_type, p_body);
    when 'labelIntended', 'printIntended' then
      if not coalesce(u.tested_seq > u.flashed_seq and u.provisioned_seq > u.flashed_seq, false) then
        perform refuse('UT002', format('unit %s: no label before a passed test of the firmware that is in it', u.serial));
      end if;
      if p_type = 'printIntended' and (u.open_print is not null or print is distinct from u.prints + 1) then
        perform refuse('UT002', format('unit %s: print %s is refused while print %s is open (%s intended so far)',
          u.serial, p_body ->> 'print', coalesce(u.open_print::text, 'none'), u.prints));
      end if;
    when 'printAbsent', 'printFound' then
      -- That a print is gone which was known to be made is a person's word: it may lie somewhere.
      if print is distinct from u.open_print and not coalesce(p_type = 'printAbsent' and u.open_print is null
           and print = u.label_print and u.label_seq is null and p_body ->> 'by' is not null, false) or print is null then
        perform refuse('UT002', format('unit %s: print %s is not open', u.serial, p_body ->> 'print'));
      end if;
    when 'printed' then
      -- While a print is open no older one may answer for it: its fate would be lost.
      if coalesce(u.open_print, u.label_print) is null or print is distinct from coalesce(u.open_print, u.label_print) then
        perform refuse('UT002', format('unit %s: print %s was not intended', u.serial, p_body ->> 'print'));
      end if;
    when 'labelVerified' then
      if u.open_print is not null or u.label_print is null or print is distinct from u.label_print then
        perform refuse('UT002', format('unit %s: print %s is not the one on the unit', u.serial, p_body ->> 'print'));
      end if;
    when 'qualityIntended', 'qualityPassed' then
      if not coalesce(u.label_seq > greatest(u.flashed_seq, u.tested_seq, u.provisioned_seq, u.rework_seq), false) then
        perform refuse('UT002', format('unit %s: no QC without a verified label', u.serial));
      end if;
    when 'held', 'retried' then
      -- Decided about an attempt that is over by now: the unit moved on meanwhile.
      if p_body -> 'attempt' is not null and (p_body ->> 'step', whole(p_body, 'attempt')) is distinct from
         (u.step, u.attempts[step_number(u.step)]::bigint) then
        perform refuse('UT001', format('unit %s: %s of %s, attempt %s, but it is at %s, attempt %s', u.serial, p_type,
          p_body ->> 'step', p_body ->> 'attempt', u.step, u.attempts[step_number(u.step)]));
      end if;
      if p_type = 'held' then perform check_word('code', p_body ->> 'code'); end if;
      if p_type = 'retried' and step_number(u.step) > 4 and u.provisioned_seq is null then
        perform refuse('UT002', format('unit %s: its certificate was revoked while it was missing: rework it from provision or an earlier step, or scrap it', u.serial));
      end if;
    when 'scrapped' then
      if p_body ->> 'code' not in ('test', 'damaged', 'component', 'label', 'identity', 'process', 'lost', 'other') then
        perform refuse('UT007', format('unit %s: %s is no code of a scrap', u.serial, p_body ->> 'code'));
      end if;
    when 'reworked' then
      perform check_release(u, p_body);
      -- A rework voids the label, so the latest step to go back to is the label's.
      if not coalesce(step_number(p_body ->> 'step') between 2 and least(step_number(u.step), 5), false) then
        perform refuse('UT002', format('unit %s at %s can not be reworked from %s', u.serial, u.step, p_body ->> 'step'));
      end if;
    when 'holdOpened' then
      perform check_word('hold', p_body ->> 'hold'), check_word('reason', p_body ->> 'reason');
      if exists (select from holds where unit_id = u.id and hold_id = p_body ->> 'hold') then
        perform refuse('UT002', format('unit %s has or had a hold %s: a hold id is used once', u.serial, p_body ->> 'hold'));
      end if;
    when 'holdReleased' then
      if not exists (select from holds where unit_id = u.id and hold_id = p_body ->> 'hold' and released_seq is null) then
        perform refuse('UT002', format('unit %s has no open hold %s', u.serial, p_body ->> 'hold'));
      end if;
    when 'packed', 'shipped' then
      perform check_not_held(u, p_type);
      obstacle := obstacle_to_shipping(u, p_body ->> 'shipment');
      if obstacle is not null then perform refuse('UT002', format('unit %s: %s', u.serial, obstacle)); end if;
      if p_type = 'packed' then
        perform check_carton(u, p_body ->> 'shipment', p_body ->> 'carton');
        obstacle := label_difference(u, p_body -> 'label');
        if obstacle is not null then perform refuse('UT002', format('unit %s: %s', u.serial, obstacle)); end if;
      end if;
    when 'unpacked' then
      if p_body ->> 'shipment' is distinct from u.shipment_id then
        perform refuse('UT002', format('unit %s is in shipment %s, not in %s', u.serial, u.shipment_id, p_body ->> 'shipment'));
      end if;
    else null;
  end case;
end $$;

grant execute on function remember_refusal(uuid, text) to unitrail_office, unitrail_station;
grant execute on function remember_order_refusal(text, text, text, integer) to unitrail_office, unitrail_desk;
grant execute on function set_order_quantity(text, integer, text, text, text) to unitrail_desk;
