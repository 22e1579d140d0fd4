-- Why: not every number of a block can be issued. One that its scheme skips, or whose value somebody has already, is booked
-- void for ever and replaced by a number of an extra block, so that a batch gets as many units as it was opened for.
alter table identifiers alter column unit_id drop not null;
alter table identifiers add constraint identifiers_owner check (unit_id is not null or state = 'void');
insert into event_types (type, stream_kind, appender, nature, part) values ('numberVoided', 'batch', 'function', 'other', null);

-- The block of serials of a batch, with the issuer of its numbers.
create type serial_block as (id bigint, space_id bigint, numbers int8range, issuer text);

create function serial_block_of(p_batch text, p_block bigint, p_ordinal integer) returns serial_block
language plpgsql stable as $$
declare
  b serial_block;
begin
  select blocks.id, blocks.space_id, blocks.numbers, number_spaces.issuer into b
  from blocks join number_spaces on number_spaces.id = blocks.space_id
  where blocks.id = p_block and blocks.batch_id = p_batch and number_spaces.kind = 'serial';
  if not found or (p_ordinal between 0 and upper(b.numbers) - lower(b.numbers) - 1) is not true then
    perform refuse('UT009', format('batch %s has no serial number %s in block %s', p_batch, p_ordinal, p_block));
  end if;
  return b;
end $$;

-- A value that a unit, or nobody any more, has: it names who.
create function refuse_owned(p_kind text, p_value text, p_owner uuid, p_for text) returns void
language plpgsql as $$
declare
  why text := coalesce((select format('belongs to unit %s, not to %s', serial, p_for) from units where id = p_owner),
    format('is void, and can not be given to %s', p_for));
begin
  raise exception using errcode = 'UT010', constraint = p_kind, message = concat_ws(' ', p_kind, p_value, why);
end $$;

create or replace function bind_identifier(u units, p_issuer text, p_kind text, p_value text, p_block bigint, p_ordinal integer, p_state text)
returns void
language plpgsql as $$
declare
  known identifiers;
begin
  insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
  values (p_issuer, p_kind, p_value, u.id, p_block, p_ordinal, p_state)
  on conflict (issuer, kind, value) do nothing;
  if found then return; end if;
  select * into known from identifiers where issuer = p_issuer and kind = p_kind and value = p_value;
  if known.unit_id is distinct from u.id then perform refuse_owned(p_kind, p_value, known.unit_id, u.serial); end if;
end $$;

-- Books numbers of the batch's blocks void, and grants an extra block where not every void number has its replacement.
-- p_numbers: [{block, ordinal, value, why}], why: skipped (by its scheme) or taken (by another). A repeat changes nothing.
create function void_numbers(p_batch text, p_numbers jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  b batches;
  n record;
  block serial_block;
  is_new boolean;
begin
  perform check_office();
  if jsonb_array_length(p_numbers) not between 1 and 100 then
    perform refuse('UT007', 'numbers: 1 to 100 at a time');
  end if;
  select * into b from batches where id = p_batch;
  if not found then perform refuse('UT009', format('there is no batch %s', p_batch)); end if;
  -- Claims take the same lock: a number is claimed or void, never both.
  perform 1 from orders where id = b.order_id for update;
  for n in select whole(v, 'block') as block, whole(v, 'ordinal')::integer as ordinal, v ->> 'value' as value, v ->> 'why' as why
           from jsonb_array_elements(p_numbers) as v order by 1, 2
  loop
    block := serial_block_of(p_batch, n.block, n.ordinal);
    perform check_word('value', n.value);
    if exists (select from identifiers where block_id = n.block and ordinal = n.ordinal and state <> 'void') then
      perform refuse('40001', format('number %s of block %s was claimed meanwhile', n.ordinal, n.block));
    end if;
    if n.why is null or n.why not in ('skipped', 'taken') then
      perform refuse('UT007', format('why: %s is not allowed; skipped or taken', n.why));
    end if;
    is_new := append_to_stream('batch:' || p_batch, 'numberVoided', format('void/%s/%s', n.block, n.ordinal),
      format('{"block":%s,"ordinal":%s,"value":%s,"why":%s}', n.block, n.ordinal, to_json(n.value), to_json(n.why)));
    continue when not is_new;
    if n.why = 'skipped' then
      insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
      values (block.issuer, 'serial', n.value, null, n.block, n.ordinal, 'void') on conflict do nothing;
      -- Its value is somebody's: the caller looks again, and says so.
      if not found then perform refuse('40001', format('serial %s of %s is taken', n.value, block.issuer)); end if;
    elsif not exists (select from identifiers i where i.issuer = block.issuer and i.kind = 'serial' and i.value = n.value
                        and (i.block_id, i.ordinal) is distinct from (n.block, n.ordinal)) then
      perform refuse('UT002', format('serial %s of %s is not taken', n.value, block.issuer));
    end if;
    perform move_numbers(n.block, 'reserved', 'void', 1, 'batch:' || p_batch, (select seq from streams where stream = 'batch:' || p_batch));
  end loop;
  perform replace_voids(p_batch);
end $$;

-- The extra block continues the batch's first one: same space, version, pattern and facts of the grant. Units by which
-- the batch was topped up take their numbers from such blocks as well. Where the numbers are leased, it may come from
-- another lease of the same numbers.
create function replace_voids(p_batch text) returns void
language plpgsql as $$
declare
  first blocks;
  voids bigint;
  extra bigint;
  needed bigint;
begin
  select blocks.* into first from blocks join number_spaces s on s.id = blocks.space_id
  where blocks.batch_id = p_batch and s.kind = 'serial' order by blocks.id limit 1;
  select coalesce(sum(m.quantity), 0) into voids from movements m join blocks on blocks.id = m.block_id
  where blocks.batch_id = p_batch and m.stream = 'batch:' || p_batch and m.to_account = 'void';
  select coalesce(sum(upper(numbers) - lower(numbers)), 0) into extra from blocks
  where batch_id = p_batch and id <> first.id
    and space_id in (select s.id from number_spaces s where s.kind = 'serial');
  select voids + quantity - (upper(first.numbers) - lower(first.numbers)) into needed from batches where id = p_batch;
  if needed > extra then
    perform grant_block(space_of_extra(first, (needed - extra)::integer), p_batch, (needed - extra)::integer, first.run_length, first.scheme_version, first.pattern,
      first.date_parts);
  end if;
end $$;

-- How a unit is called: its serial, with the buyer before it where the number is the buyer's. Workflow ids are made of it.
create function spell_name(p_of_buyer boolean, p_issuer text, p_serial text) returns text
language sql immutable as $$
  select case when p_of_buyer then p_issuer || ':' else '' end || p_serial
$$;

create function unit_name(u units) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select spell_name(exists (select from buyers where id = u.issuer), u.issuer, u.serial)
$$;

-- Claims units by batch index: the number of each is named by its block and ordinal, and a replaced one is in an extra block.
drop function claim_units(text, jsonb);
create function claim_units(p_batch text, p_claims jsonb)
returns table (batch_index integer, unit_id uuid, serial text, name text, state text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  b batches;
  o orders;
  block serial_block;
  firmware text;
  claim record;
  claimed integer := 0;
  u units;
  e unit_events;
begin
  perform check_office();
  if jsonb_array_length(p_claims) not between 1 and 100
     or jsonb_array_length(p_claims) <> (select count(distinct whole(c, 'index')) from jsonb_array_elements(p_claims) as c) then
    perform refuse('UT007', 'claims: 1 to 100 units at a time, each with an index of its own');
  end if;
  select * into b from batches where id = p_batch;
  if not found then perform refuse('UT009', format('there is no batch %s', p_batch)); end if;
  select * into o from orders where id = b.order_id for update;
  select r.body::jsonb #>> '{firmware,sha256}' into firmware from recipes r where r.sha256 = b.recipe_sha256;
  for claim in
    select whole(c, 'index')::integer as index, whole(c, 'block') as block, whole(c, 'ordinal')::integer as ordinal, c ->> 'value' as value
    from jsonb_array_elements(p_claims) as c
    where not exists (select from units x where x.batch_id = p_batch and x.batch_index = whole(c, 'index'))
    order by 1
  loop
    if claim.index not between 1 and b.quantity then
      perform refuse('UT009', format('batch %s has no unit %s (1 to %s)', p_batch, claim.index, b.quantity));
    end if;
    block := serial_block_of(p_batch, claim.block, claim.ordinal);
    perform check_word('serial', claim.value);
    u := null;
    u.id := gen_random_uuid();
    e := chain_event('unit:' || u.id, 1, decode(repeat('00', 32), 'hex'), 'claimed', u.id || '/claimed',
      format('{"batch":%s,"block":%s,"firmwareSha256":%s,"firmwareVersion":%s,"index":%s,"issuer":%s,"order":%s,"ordinal":%s,"product":%s,"recipeSha256":%s,"serial":%s,"trial":%s}',
        to_json(p_batch), block.id, to_json(firmware), to_json(b.firmware_version), claim.index, to_json(block.issuer),
        to_json(b.order_id), claim.ordinal, to_json(b.product), to_json(b.recipe_sha256), to_json(claim.value), to_json(b.trial)));
    -- Taken since the caller looked, by a claim or an import: it looks again, and books the number void.
    insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
    values (block.issuer, 'serial', claim.value, u.id, block.id, claim.ordinal, 'assigned') on conflict do nothing;
    if not found then
      perform refuse('40001', format('serial %s of %s was taken meanwhile', claim.value, block.issuer));
    end if;
    insert into units (id, batch_id, batch_index, issuer, serial, product, recipe_sha256, firmware_version, firmware_sha256,
                       state, step, attempts, trial, seq, head, updated_at)
    values (u.id, p_batch, claim.index, block.issuer, claim.value, b.product, b.recipe_sha256, b.firmware_version, firmware,
            'InProgress', 'assign', '{1,0,0,0,0,0,0}', b.trial, e.seq, e.hash, e.at);
    perform move_numbers(block.id, 'reserved', 'assigned', 1, e.stream, e.seq);
    claimed := claimed + 1;
  end loop;
  if o.alive + claimed > o.quantity then
    perform refuse('UT008', format('order %s has a quantity of %s; %s units are alive or shipped, %s more are refused',
      o.id, o.quantity, o.alive, claimed));
  end if;
  update orders set alive = alive + claimed where id = o.id;
  return query select x.batch_index, x.id, x.serial, unit_name(x), x.state from units x
    where x.batch_id = p_batch and x.batch_index in (select whole(c, 'index') from jsonb_array_elements(p_claims) as c)
    order by x.batch_index;
end $$;

grant execute on function void_numbers(text, jsonb), claim_units(text, jsonb) to unitrail_office;
grant execute on function unit_name(units) to unitrail_office, unitrail_station, unitrail_desk, unitrail_auditor, unitrail_retention;
