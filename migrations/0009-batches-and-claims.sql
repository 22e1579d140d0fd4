-- Why: opening a batch (with its recipe and its blocks of numbers) and claiming units are single transactions.
create function check_office() returns void
language plpgsql stable as $$
begin
  if not has_role('unitrail_office') then
    perform refuse('42501', format('login %s is not the office', session_user));
  end if;
end $$;

-- The next numbers of a space, as a block of the batch. One row, whatever the quantity.
create function grant_block(p_space bigint, p_batch text, p_quantity integer, p_run_length integer, p_version integer,
                            p_pattern text, p_date_parts text) returns bigint
language plpgsql as $$
declare
  space number_spaces;
  block bigint;
  width bigint := p_quantity::bigint * p_run_length;
  start bigint;
begin
  select * into space from number_spaces where id = p_space for update;
  -- Runs of MAC addresses are aligned to their length.
  start := ((space.next_number + p_run_length - 1) / p_run_length) * p_run_length;
  if start + width - 1 > space.last_number then
    perform refuse('UT011', format('%s %s has %s numbers left; the batch needs %s', space.name, space.scope,
      greatest(space.last_number - start + 1, 0), width));
  end if;
  update number_spaces set next_number = start + width where id = p_space;
  insert into blocks (space_id, batch_id, numbers, run_length, scheme_version, pattern, date_parts)
  values (p_space, p_batch, int8range(start, start + width), p_run_length, p_version, p_pattern, p_date_parts)
  returning id into block;
  perform move_numbers(block, 'granted', 'reserved', width::integer, 'batch:' || p_batch,
    (select seq from streams where stream = 'batch:' || p_batch));
  return block;
end $$;

create function find_space(p_kind text, p_name text, p_scope text, p_issuer text, p_first bigint, p_last bigint) returns bigint
language plpgsql as $$
declare
  space bigint;
begin
  insert into number_spaces (kind, name, scope, issuer, first_number, last_number, next_number)
  values (p_kind, p_name, p_scope, p_issuer, p_first, p_last, p_first)
  on conflict (kind, name, scope) do nothing;
  select id into space from number_spaces where kind = p_kind and name = p_name and scope = p_scope;
  return space;
end $$;

-- Units of the order that no batch has taken: neither alive or shipped nor planned by a batch that has not claimed them yet.
create function order_room(o orders) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select o.quantity - o.alive
    - (select coalesce(sum(quantity), 0) from batches where order_id = o.id)
    + (select count(*) from units join batches on batches.id = units.batch_id where batches.order_id = o.id)
$$;

-- The first batch sets the order's quantity; a later one may leave it out, and may not change it. A batch that does not fit
-- is refused here, under the order's lock: one that is open and can never claim its units would have to be started for ever.
create function open_order(p_order text, p_quantity integer, p_batch text, p_batch_quantity integer) returns void
language plpgsql as $$
declare
  known orders;
begin
  insert into orders (id, quantity) values (p_order, coalesce(p_quantity, p_batch_quantity)) on conflict (id) do nothing;
  if found then
    perform append_to_stream('order:' || p_order, 'orderOpened', 'opened',
      format('{"batch":%s,"quantity":%s}', to_json(p_batch), coalesce(p_quantity, p_batch_quantity)));
  end if;
  select * into known from orders where id = p_order for update;
  if known.quantity <> p_quantity then
    perform refuse('UT012', format('orderQuantity: %s is not allowed; %s, the quantity of order %s',
      p_quantity, known.quantity, p_order));
  end if;
  if p_batch_quantity > order_room(known) then
    perform refuse('UT008', format('quantity: %s is not allowed; at most %s: order %s of %s units has no room for more',
      p_batch_quantity, greatest(order_room(known), 0), p_order, known.quantity));
  end if;
end $$;

-- Opens the batch, or finds it opened by the same order: then nothing changes and `opened` is false.
-- p_grants: [{kind, name, scope, issuer, first, last, runLength, version, pattern, dateParts}], the serials first; with `lessor`
-- where the numbers are another site's.
create function open_batch(p_batch text, p_document text, p_recipe text, p_firmware_sha256 text, p_order_quantity integer,
                           p_trial boolean, p_workflow text, p_grants jsonb, p_opened_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  d jsonb := check_body(p_document);
  g jsonb;
  known batches;
  digest text := encode(sha256(convert_to(p_document, 'UTF8')), 'hex');
  recipe_digest text := encode(sha256(convert_to(p_recipe, 'UTF8')), 'hex');
begin
  perform check_office();
  perform check_word('batch', p_batch), check_word('workflow', p_workflow), check_word('by', p_opened_by),
    check_word('order', d ->> 'order');
  if (d ->> 'batch', coalesce((d ->> 'trial')::boolean, false), check_body(p_recipe) #>> '{firmware,sha256}')
     is distinct from (p_batch, p_trial, p_firmware_sha256) then
    perform refuse('UT007', format('batch %s: document and recipe do not say what is asked for', p_batch));
  end if;
  perform pg_advisory_xact_lock(hashtext('unitrail.batch:' || p_batch));
  select * into known from batches where id = p_batch;
  if found then
    if known.sha256 <> digest then
      perform refuse('UT012', format('batch: %s is not allowed; it was opened before with other content (sha256 %s, now %s)',
        p_batch, known.sha256, digest));
    end if;
    return false;
  end if;
  perform open_order(d ->> 'order', p_order_quantity, p_batch, (d ->> 'quantity')::integer);
  insert into recipes (sha256, body) values (recipe_digest, p_recipe) on conflict (sha256) do nothing;
  insert into batches (id, order_id, product, quantity, buyer, destination, trial, document, sha256, recipe_sha256,
                       workflow_id, firmware_version, board_batch, board_lot)
  values (p_batch, d ->> 'order', d ->> 'product', (d ->> 'quantity')::integer, d ->> 'buyer', d ->> 'destination', p_trial,
          p_document, digest, recipe_digest, p_workflow, d ->> 'firmware', d ->> 'boardBatch', d ->> 'boardLot');
  insert into batch_lots (batch_id, position, lots)
  select p_batch, key, array(select jsonb_array_elements_text(value)) from jsonb_each(d -> 'components');
  perform append_to_stream('batch:' || p_batch, 'batchOpened', 'opened',
    format('{"by":%s,"firmwareSha256":%s,"order":%s,"recipeSha256":%s,"sha256":%s}', to_json(p_opened_by),
      to_json(p_firmware_sha256), to_json(d ->> 'order'), to_json(recipe_digest), to_json(digest)));
  for g in select value from jsonb_array_elements(p_grants) loop
    perform grant_block(space_of_grant(g, (d ->> 'quantity')::integer), p_batch, (d ->> 'quantity')::integer,
      (g ->> 'runLength')::integer, (g ->> 'version')::integer, g ->> 'pattern', g ->> 'dateParts');
  end loop;
  return true;
end $$;

-- Claims units by batch index. p_claims: [{index, value}] in index order; the block and the ordinal are the database's
-- own arithmetic. An index that was claimed before keeps its unit and serial: a repeat returns the same rows.
create function claim_units(p_batch text, p_claims jsonb) returns table (batch_index integer, unit_id uuid, serial text, state text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  b batches;
  o orders;
  block blocks;
  issuer_of_serial text;
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
  select blocks.*, number_spaces.issuer into block.id, block.space_id, block.batch_id, block.numbers, block.run_length,
    block.scheme_version, block.pattern, block.date_parts, block.granted_at, issuer_of_serial
  from blocks join number_spaces on number_spaces.id = blocks.space_id
  where blocks.batch_id = p_batch and number_spaces.kind = 'serial' order by blocks.id limit 1;
  select r.body::jsonb #>> '{firmware,sha256}' into firmware from recipes r where r.sha256 = b.recipe_sha256;
  for claim in
    select (c ->> 'index')::integer as index, c ->> 'value' as value from jsonb_array_elements(p_claims) as c
    where not exists (select from units x where x.batch_id = p_batch and x.batch_index = (c ->> 'index')::integer)
    order by 1
  loop
    if claim.index not between 1 and b.quantity then
      perform refuse('UT009', format('batch %s has no unit %s (1 to %s)', p_batch, claim.index, b.quantity));
    end if;
    perform check_word('serial', claim.value);
    u := null;
    u.id := gen_random_uuid();
    e := chain_event('unit:' || u.id, 1, decode(repeat('00', 32), 'hex'), 'claimed', u.id || '/claimed',
      format('{"batch":%s,"block":%s,"firmwareSha256":%s,"firmwareVersion":%s,"index":%s,"issuer":%s,"order":%s,"ordinal":%s,"product":%s,"recipeSha256":%s,"serial":%s,"trial":%s}',
        to_json(p_batch), block.id, to_json(firmware), to_json(b.firmware_version), claim.index, to_json(issuer_of_serial),
        to_json(b.order_id), claim.index - 1, to_json(b.product), to_json(b.recipe_sha256), to_json(claim.value), to_json(b.trial)));
    insert into units (id, batch_id, batch_index, issuer, serial, product, recipe_sha256, firmware_version, firmware_sha256,
                       state, step, attempts, trial, seq, head, updated_at)
    values (u.id, p_batch, claim.index, issuer_of_serial, claim.value, b.product, b.recipe_sha256, b.firmware_version, firmware,
            'InProgress', 'assign', '{1,0,0,0,0,0,0}', b.trial, e.seq, e.hash, e.at);
    insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
    values (issuer_of_serial, 'serial', claim.value, u.id, block.id, claim.index - 1, 'assigned');
    perform move_numbers(block.id, 'reserved', 'assigned', 1, e.stream, e.seq);
    claimed := claimed + 1;
  end loop;
  if o.alive + claimed > o.quantity then
    perform refuse('UT008', format('order %s has a quantity of %s; %s units are alive or shipped, %s more are refused',
      o.id, o.quantity, o.alive, claimed));
  end if;
  update orders set alive = alive + claimed where id = o.id;
  return query select x.batch_index, x.id, x.serial, x.state from units x
    where x.batch_id = p_batch and x.batch_index in (select (c ->> 'index')::integer from jsonb_array_elements(p_claims) as c)
    order by x.batch_index;
end $$;

-- The lots in force of one position, from now on: units whose boards enter a slot later record these.
create function change_lots(p_batch text, p_position text, p_lots text[], p_by text, p_change text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_word('batch', p_batch), check_word('position', p_position), check_word('by', p_by), check_word('change', p_change);
  if coalesce(cardinality(p_lots), 0) not between 1 and 16 then perform refuse('UT007', 'lots: 1 to 16 at a position'); end if;
  perform check_word('lot', lot) from unnest(p_lots) as lot;
  -- A repeat changes nothing: by now a later change may be in force.
  if not append_to_stream('batch:' || p_batch, 'lotsChanged', 'lots/' || p_change,
       format('{"by":%s,"lots":%s,"position":%s}', to_json(p_by), to_json(p_lots), to_json(p_position))) then
    return;
  end if;
  update batch_lots set lots = p_lots where batch_id = p_batch and position = p_position;
  if not found then
    perform refuse('UT009', format('batch %s has no position %s', p_batch, p_position));
  end if;
end $$;
