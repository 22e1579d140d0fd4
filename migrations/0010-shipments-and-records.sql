-- Why: closing a shipment ships and seals in one transaction; a sealed record never changes again.
create table shipments (
  id text not null,
  batch_id text,
  buyer text not null,
  destination text not null,
  carton text not null,
  opened_at timestamptz not null default clock_timestamp(),
  closed_at timestamptz,
  constraint shipments_pkey primary key (id),
  constraint shipments_batch foreign key (batch_id) references batches (id),
  constraint shipments_buyer foreign key (buyer) references buyers (id),
  constraint shipments_carton unique (carton)
);
create index shipments_batch_id on shipments (batch_id);
create index shipments_buyer on shipments (buyer);
alter table units add constraint units_shipment foreign key (shipment_id) references shipments (id);

create table records (
  unit_id uuid not null,
  serial text not null,
  format text not null,
  body text not null,
  sha256 text not null,
  sealed_at timestamptz not null default clock_timestamp(),
  constraint records_pkey primary key (unit_id),
  constraint records_unit foreign key (unit_id) references units (id),
  constraint records_digest check (sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex'))
);
create index records_serial on records (serial);

-- Leaves that wait for the sequencer of the transparency log, in the order in which they were committed to.
create table log_queue (
  id bigint generated always as identity,
  format text not null,
  stream text not null,
  seq bigint not null,
  sha256 text not null,
  salt bytea not null,
  constraint log_queue_pkey primary key (id),
  constraint log_queue_document unique (stream, seq),
  constraint log_queue_salt check (length(salt) = 32)
);

create trigger records_append_only before update or delete on records for each row execute function refuse_change();
create trigger records_no_truncate before truncate on records execute function refuse_change();

-- Nothing ships unsealed: checked when the transaction commits. By then the function that shipped is over, and with it its
-- search_path: without one of its own, a caller's temporary table `records` would be looked at instead.
create function check_sealed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from records where unit_id = new.id) then
    raise exception using errcode = 'UT002', message = format('unit %s ships without a sealed record', new.serial);
  end if;
  return null;
end $$;
create constraint trigger units_sealed after update of state on units deferrable initially deferred
  for each row when (new.state = 'Shipped') execute function check_sealed();

-- The serial reference of a carton's SSCC: one more number of the prefix's own space.
create function next_carton_number(p_company_prefix text, p_issuer text, p_last bigint) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  number bigint;
begin
  perform check_office();
  perform find_space('sscc', p_company_prefix, '', p_issuer, 1, p_last);
  update number_spaces set next_number = next_number + 1
  where kind = 'sscc' and name = p_company_prefix and scope = '' and next_number <= last_number
  returning next_number - 1 into number;
  if not found then perform refuse('UT011', format('company prefix %s has no carton number left', p_company_prefix)); end if;
  return number;
end $$;

-- A repeat finds the shipment that is there and its carton; for another buyer or country it is refused.
create function open_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carton text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shipments;
begin
  perform check_office();
  perform check_word('shipment', p_shipment), check_word('carton', p_carton), check_word('destination', p_destination);
  insert into shipments (id, batch_id, buyer, destination, carton)
  values (p_shipment, p_batch, p_buyer, p_destination, p_carton) on conflict (id) do nothing;
  if found then
    perform append_to_stream('shipment:' || p_shipment, 'shipmentOpened', 'opened',
      format('{"batch":%s,"buyer":%s,"carton":%s,"destination":%s}', to_json(p_batch), to_json(p_buyer),
        to_json(p_carton), to_json(p_destination)));
  end if;
  select * into s from shipments where id = p_shipment;
  if (s.batch_id, s.buyer, s.destination) is distinct from (p_batch, p_buyer, p_destination) then
    perform refuse('UT003', format('shipment %s was opened for batch %s, buyer %s in %s', p_shipment, s.batch_id, s.buyer, s.destination));
  end if;
  return s.carton;
end $$;

-- Ships what is packed in the shipment. What may not leave (any more) is taken out first, with the reason in its history, so
-- that one unit does not keep the others. The caller builds the records from what it reads in the same transaction and
-- seals them with `seal_record`. A repeat ships nothing.
create function ship_units(p_shipment text) returns setof unit_standing
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shipments;
  u units;
  obstacle text;
begin
  perform check_office();
  select * into s from shipments where id = p_shipment for update;
  if not found then perform refuse('UT009', format('there is no shipment %s', p_shipment)); end if;
  if s.closed_at is not null then return; end if;
  for u in select * from units where shipment_id = p_shipment and state = 'Packed' order by id for no key update loop
    obstacle := case when exists (select from holds where unit_id = u.id and released_seq is null) then 'on quality hold'
      else obstacle_to_shipping(u, p_shipment) end;
    if obstacle is not null then
      perform advance_unit(u, 'unpacked', concat_ws('/', u.id, 'unpacked', p_shipment, u.seq + 1),
        format('{"reason":%s,"shipment":%s}', to_json(obstacle), to_json(p_shipment)));
      continue;
    end if;
    u := advance_unit(u, 'shipped', concat_ws('/', u.id, 'shipped'),
      format('{"buyer":%s,"carton":%s,"destination":%s,"shipment":%s}', to_json(s.buyer), to_json(s.carton),
        to_json(s.destination), to_json(s.id)));
    return next standing(u);
  end loop;
  update shipments set closed_at = clock_timestamp() where id = p_shipment;
  perform append_to_stream('shipment:' || p_shipment, 'shipmentClosed', 'closed',
    format('{"units":%s}', (select count(*) from units where shipment_id = p_shipment and units.state = 'Shipped')));
end $$;

-- Seals one record: it must say what the row says, and end where the unit's history ends.
create function seal_record(p_unit uuid, p_body text, p_salt bytea) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  s shipments;
  d jsonb := check_body(p_body);
begin
  perform check_office();
  u := lock_unit(p_unit);
  select * into s from shipments where id = u.shipment_id;
  if u.state <> 'Shipped'
     or (d ->> 'format', d ->> 'issuer', d ->> 'serial', d ->> 'product', d ->> 'batch', d ->> 'chipUid', d -> 'macs',
         d #>> '{firmware,version}', d #>> '{firmware,sha256}', d #>> '{provisioning,certificateSha256}',
         d #>> '{test,verdict}', d -> 'simulated', d #>> '{shipment,id}', d #>> '{shipment,carton}',
         d #>> '{shipment,buyer}', d #>> '{shipment,destination}', whole(d -> 'history', 'events'), d #>> '{history,head}')
        is distinct from
        ('unitrail.record/1', u.issuer, u.serial, u.product, u.batch_id, u.chip_uid,
         (select coalesce(jsonb_agg(value order by ordinal), '[]') from identifiers where unit_id = u.id and kind = 'mac'),
         u.firmware_version, u.flashed_sha256, u.certificate_sha256,
         'PASS', to_jsonb(u.simulated), s.id, u.carton,
         s.buyer, s.destination, u.seq, encode(u.head, 'hex')) then
    perform refuse('UT002', format('the record of unit %s does not say what its row says', u.serial));
  end if;
  insert into records (unit_id, serial, format, body, sha256)
  values (u.id, u.serial, 'unitrail.record/1', p_body, encode(sha256(convert_to(p_body, 'UTF8')), 'hex'));
  insert into log_queue (format, stream, seq, sha256, salt)
  values ('unitrail.record/1', 'unit:' || u.id, u.seq, encode(sha256(convert_to(p_body, 'UTF8')), 'hex'), p_salt);
end $$;
