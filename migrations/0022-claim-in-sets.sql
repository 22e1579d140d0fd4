-- Why: claims are made a hundred at a time. Statement by statement for each unit they reached a quarter of the rate at which
-- the same rows can be inserted; here each table is filled by one statement. What is checked and refused is the same.

-- A unit that is about to be: what its first event says, and where its number stands.
create type fresh_unit as (index integer, id uuid, block bigint, ordinal integer, issuer text, serial text, at timestamptz,
                           header text, body text, hash bytea);

-- What is asked for, with types. A number that is a fraction, too large or no number makes the whole of it malformed.
create type asked_claim as (index integer, block bigint, ordinal integer, value text);

create function read_claims(p_claims jsonb) returns asked_claim[]
language plpgsql as $$
begin
  return array(select c from jsonb_populate_recordset(null::asked_claim, p_claims) as c);
exception when data_exception then
  perform refuse('UT007', 'claims: an array of {index, block, ordinal, value}, the first three of them whole numbers');
end $$;

-- The claims whose index no unit has yet, each with its block and its first event (the same bytes and the same hash as
-- chain_event makes), in the order of their indexes. What all units of the batch have in common is spelled once.
create function fresh_units(b batches, p_firmware text, p_claims asked_claim[]) returns fresh_unit[]
language plpgsql as $$
declare
  batch constant json := to_json(b.id);
  firmware constant json := to_json(p_firmware);
  version constant json := to_json(b.firmware_version);
  of_order constant json := to_json(b.order_id);
  product constant json := to_json(b.product);
  recipe constant json := to_json(b.recipe_sha256);
  trial constant json := to_json(b.trial);
  zeros constant bytea := decode(repeat('00', 32), 'hex');
  known constant integer[] := array(select x.batch_index from units x
    where x.batch_id = b.id and x.batch_index = any (array(select c.index from unnest(p_claims) as c)));
begin
  return array(
    select (f.index, f.id, f.block, f.ordinal, f.issuer, f.value, f.at, f.header, f.body,
        sha256(zeros || sha256(convert_to(f.header, 'UTF8')) || sha256(convert_to(f.body, 'UTF8'))))::fresh_unit
    from (
      select g.*, concat_ws('|', 'v1', 'unit:' || g.id, 1, 'claimed', g.id || '/claimed', session_user,
          to_char(g.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as header,
        format('{"batch":%s,"block":%s,"firmwareSha256":%s,"firmwareVersion":%s,"index":%s,"issuer":%s,"order":%s,"ordinal":%s,"product":%s,"recipeSha256":%s,"serial":%s,"trial":%s}',
          batch, g.block, firmware, version, g.index, to_json(g.issuer), of_order, g.ordinal, product, recipe, to_json(g.value), trial) as body
      from (
        select c.index, gen_random_uuid() as id, c.block, c.ordinal, s.issuer, c.value, date_trunc('milliseconds', clock_timestamp()) as at
        from unnest(p_claims) as c
        left join (blocks k join number_spaces s on s.id = k.space_id and s.kind = 'serial')
          on k.id = c.block and k.batch_id = b.id and c.ordinal between 0 and upper(k.numbers) - lower(k.numbers) - 1
        where c.index <> all (known)
        offset 0) g
      offset 0) f
    order by f.index);
end $$;

-- One claim that can't be is the end of all of them.
create function check_fresh(b batches, p_fresh fresh_unit[]) returns void
language plpgsql as $$
declare
  wrong fresh_unit;
begin
  select f.* into wrong from unnest(p_fresh) as f where (f.index between 1 and b.quantity) is not true or f.issuer is null limit 1;
  if found then
    if (wrong.index between 1 and b.quantity) is not true then
      perform refuse('UT009', format('batch %s has no unit %s (1 to %s)', b.id, wrong.index, b.quantity));
    end if;
    perform refuse('UT009', format('batch %s has no serial number %s in block %s', b.id, wrong.ordinal, wrong.block));
  end if;
  perform check_word('serial', f.serial) from unnest(p_fresh) as f;
end $$;

create or replace function claim_units(p_batch text, p_claims jsonb)
returns table (batch_index integer, unit_id uuid, serial text, name text, state text)
language plpgsql security definer set search_path = public, pg_temp
  -- A plan made while the tables were small would be kept while they grow.
  set enable_seqscan = off as $$
declare
  b batches;
  o orders;
  firmware text;
  claims asked_claim[];
  fresh fresh_unit[];
  claimed integer;
  asked integer[];
begin
  perform check_office();
  claims := read_claims(p_claims);
  asked := array(select c.index from unnest(claims) as c);
  if cardinality(asked) not between 1 and 100 or cardinality(asked) <> (select count(distinct i) from unnest(asked) as i) then
    perform refuse('UT007', 'claims: 1 to 100 units at a time, each with an index of its own');
  end if;
  select * into b from batches where id = p_batch;
  if not found then perform refuse('UT009', format('there is no batch %s', p_batch)); end if;
  select * into o from orders where id = b.order_id for update;
  select r.body::jsonb #>> '{firmware,sha256}' into firmware from recipes r where r.sha256 = b.recipe_sha256;
  fresh := fresh_units(b, firmware, claims);
  if cardinality(fresh) > 0 then
    perform refuse_cancelled(p_batch);
    perform check_fresh(b, fresh);
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
  return query select x.batch_index, x.id, x.serial, spell_name(y.id is not null, x.issuer, x.serial), x.state
    from units x left join buyers y on y.id = x.issuer
    where x.batch_id = p_batch and x.batch_index = any (asked) order by x.batch_index;
end $$;
