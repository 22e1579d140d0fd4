-- Why: claims are made a hundred at a time. Statement by statement for each unit they reached a quarter of the rate at which
-- the same rows can be inserted; here each table is filled by one statement. What is checked and refused is the same.

-- A unit that is about to be: what its first event says, and where its number stands.
create type fresh_unit as (index integer, id uuid, block bigint, ordinal integer, issuer text, serial text, at timestamptz,
                           header text, body text, hash bytea);

-- The claims whose index no unit has yet, each with its block, in the order of their indexes.
create function fresh_units(b batches, p_claims jsonb) returns fresh_unit[]
language sql as $$
  select array_agg((c.index, gen_random_uuid(), c.block, c.ordinal, s.issuer, c.value, null, null, null, null)::fresh_unit order by c.index)
  from (select whole(v, 'index')::integer as index, whole(v, 'block') as block, whole(v, 'ordinal')::integer as ordinal, v ->> 'value' as value
        from jsonb_array_elements(p_claims) as v) c
  left join (blocks k join number_spaces s on s.id = k.space_id and s.kind = 'serial')
    on k.id = c.block and k.batch_id = b.id and c.ordinal between 0 and upper(k.numbers) - lower(k.numbers) - 1
  where not exists (select from units x where x.batch_id = b.id and x.batch_index = c.index)
$$;

-- One claim that can't be is the end of all of them.
create function check_fresh(b batches, p_fresh fresh_unit[]) returns void
language plpgsql as $$
declare
  f fresh_unit;
begin
  foreach f in array p_fresh loop
    if (f.index between 1 and b.quantity) is not true then
      perform refuse('UT009', format('batch %s has no unit %s (1 to %s)', b.id, f.index, b.quantity));
    end if;
    if f.issuer is null then
      perform refuse('UT009', format('batch %s has no serial number %s in block %s', b.id, f.ordinal, f.block));
    end if;
    perform check_word('serial', f.serial);
  end loop;
end $$;

-- The first event of each: the same bytes and the same hash as chain_event makes.
create function with_events(b batches, p_firmware text, p_fresh fresh_unit[]) returns fresh_unit[]
language sql as $$
  select array_agg((f.index, f.id, f.block, f.ordinal, f.issuer, f.serial, f.at, f.header, f.body,
      sha256(decode(repeat('00', 32), 'hex') || sha256(convert_to(f.header, 'UTF8')) || sha256(convert_to(f.body, 'UTF8'))))::fresh_unit order by f.index)
  from (
    select g.*, concat_ws('|', 'v1', 'unit:' || g.id, 1, 'claimed', g.id || '/claimed', session_user,
        to_char(g.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as header,
      format('{"batch":%s,"block":%s,"firmwareSha256":%s,"firmwareVersion":%s,"index":%s,"issuer":%s,"order":%s,"ordinal":%s,"product":%s,"recipeSha256":%s,"serial":%s,"trial":%s}',
        to_json(b.id), g.block, to_json(p_firmware), to_json(b.firmware_version), g.index, to_json(g.issuer), to_json(b.order_id),
        g.ordinal, to_json(b.product), to_json(b.recipe_sha256), to_json(g.serial), to_json(b.trial)) as body
    from (select u.index, u.id, u.block, u.ordinal, u.issuer, u.serial, date_trunc('milliseconds', clock_timestamp()) as at
          from unnest(p_fresh) as u offset 0) g
    offset 0) f
$$;

create or replace function claim_units(p_batch text, p_claims jsonb)
returns table (batch_index integer, unit_id uuid, serial text, name text, state text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  b batches;
  o orders;
  firmware text;
  fresh fresh_unit[];
  claimed integer;
  asked integer[];
begin
  perform check_office();
  asked := array(select whole(c, 'index')::integer from jsonb_array_elements(p_claims) as c);
  if jsonb_array_length(p_claims) not between 1 and 100
     or jsonb_array_length(p_claims) <> (select count(distinct i) from unnest(asked) as i) then
    perform refuse('UT007', 'claims: 1 to 100 units at a time, each with an index of its own');
  end if;
  select * into b from batches where id = p_batch;
  if not found then perform refuse('UT009', format('there is no batch %s', p_batch)); end if;
  select * into o from orders where id = b.order_id for update;
  fresh := coalesce(fresh_units(b, p_claims), '{}');
  if cardinality(fresh) > 0 then
    perform refuse_cancelled(p_batch);
    perform check_fresh(b, fresh);
    select r.body::jsonb #>> '{firmware,sha256}' into firmware from recipes r where r.sha256 = b.recipe_sha256;
    fresh := with_events(b, firmware, fresh);
    -- Taken since the caller looked, by a claim or an import: it looks again, and books the number void.
    insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
    select f.issuer, 'serial', f.serial, f.id, f.block, f.ordinal, 'assigned' from unnest(fresh) as f on conflict do nothing;
    get diagnostics claimed = row_count;
    if claimed < cardinality(fresh) then
      perform refuse('40001', (select format('serial %s of %s was taken meanwhile', f.serial, f.issuer) from unnest(fresh) as f
        where not exists (select from identifiers i where i.unit_id = f.id) limit 1));
    end if;
    insert into unit_events (stream, seq, type, key, header, body, prev, hash, at)
    select 'unit:' || f.id, 1, 'claimed', f.id || '/claimed', f.header, f.body, decode(repeat('00', 32), 'hex'), f.hash, f.at
    from unnest(fresh) as f;
    insert into units (id, batch_id, batch_index, issuer, serial, product, recipe_sha256, firmware_version, firmware_sha256,
                       state, step, attempts, trial, seq, head, updated_at)
    select f.id, p_batch, f.index, f.issuer, f.serial, b.product, b.recipe_sha256, b.firmware_version, firmware,
      'InProgress', 'assign', '{1,0,0,0,0,0,0}', b.trial, 1, f.hash, f.at from unnest(fresh) as f;
    insert into movements (block_id, from_account, to_account, quantity, stream, seq)
    select f.block, 'reserved', 'assigned', 1, 'unit:' || f.id, 1 from unnest(fresh) as f;
    if o.alive + claimed > o.quantity then
      perform refuse('UT008', format('order %s has a quantity of %s; %s units are alive or shipped, %s more are refused',
        o.id, o.quantity, o.alive, claimed));
    end if;
    update orders set alive = alive + claimed where id = o.id;
  end if;
  return query select x.batch_index, x.id, x.serial, unit_name(x), x.state from units x
    where x.batch_id = p_batch and x.batch_index = any (asked) order by x.batch_index;
end $$;
