-- Why: what a review of the registry found open. After a restore, what an older batch has not claimed may have been issued;
-- a range that was declared as used stays declared; a buyer's namespace holds nothing but what its lists hold.

-- Numbers of a batch that was opened before the newest epoch: nobody knows any more which of them were issued.
create function is_of_lost_epoch(b batches) returns boolean
language sql stable as $$
  select exists (select from registry_epochs e where e.epoch > 1 and e.opened_at > b.opened_at)
$$;

-- Claims come a hundred at a time: the rule looks once at each batch, not at each unit.
create function refuse_lost_epoch() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  lost text;
begin
  select b.id into lost from (select distinct batch_id from fresh) f join batches b on b.id = f.batch_id where is_of_lost_epoch(b) limit 1;
  if found then
    perform refuse('UT014', format('batch %s was opened before the registry was advanced: its numbers that nobody had claimed may have been issued by the state that was lost. Open another batch for the rest', lost));
  end if;
  return null;
end $$;
create trigger units_of_this_epoch after insert on units referencing new table as fresh
  for each statement execute function refuse_lost_epoch();

-- What such a batch did not claim is planned no more.
create or replace function order_room(o orders) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select o.quantity - o.alive
    - (select coalesce(sum(quantity), 0) from batches b where order_id = o.id and not is_of_lost_epoch(b))
    + (select count(*) from units join batches b on b.id = units.batch_id where b.order_id = o.id and not is_of_lost_epoch(b))
$$;

-- A space keeps its issuer and, but for a scheme's wider version, its end. In a buyer's namespace only an import makes one, and
-- numbers that another site leases to this one have no counter here but those of their leases.
create or replace function find_space(p_kind text, p_name text, p_scope text, p_issuer text, p_first bigint, p_last bigint) returns bigint
language plpgsql as $$
declare
  space number_spaces;
begin
  select * into space from number_spaces where kind = p_kind and name = p_name and scope = p_scope;
  if not found then
    if exists (select from issuers where id = p_issuer and kind = 'buyer') then
      perform refuse('UT009', format('there is no list %s of %s: import it first', p_name, p_issuer));
    end if;
    -- A lease that is accepted at this moment is waited for.
    perform pg_advisory_xact_lock_shared(hashtext('unitrail.lease'));
    if p_scope not like 'lease:%' and exists (select from number_leases where side = 'lessee' and kind = p_kind and name = p_name) then
      perform refuse('UT007', format('%s %s: this site has no counter of its own for numbers that it leases', p_kind, p_name));
    end if;
    insert into number_spaces (kind, name, scope, issuer, first_number, last_number, next_number)
    values (p_kind, p_name, p_scope, p_issuer, p_first, p_last, p_first) on conflict (kind, name, scope) do nothing;
    select * into space from number_spaces where kind = p_kind and name = p_name and scope = p_scope;
  end if;
  if space.issuer <> p_issuer then
    perform refuse('UT007', format('%s %s %s is of issuer %s, not %s', p_kind, p_name, p_scope, space.issuer, p_issuer));
  end if;
  if space.kind = 'serial' and space.last_number < p_last and space.scope not like 'lease:%' and not exists (select from number_lists where space_id = space.id) then
    update number_spaces set last_number = p_last where id = space.id and last_number < p_last;
  end if;
  return space.id;
end $$;

-- Whatever the block's pattern says: a number of a list is what stands there. Most blocks are of no list, so that is asked
-- first, once for all rows of a statement.
drop trigger identifiers_as_listed on identifiers;
create or replace function check_listed_value() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  listed bigint[] := array(select b.id from (select distinct block_id from issued) i join blocks b on b.id = i.block_id
    join number_lists n on n.space_id = b.space_id);
  wrong identifiers;
begin
  if listed = '{}' then return null; end if;
  select i.* into wrong from issued i join blocks b on b.id = i.block_id
  where i.block_id = any (listed) and i.kind = 'serial' and not exists (
    select from listed_numbers l where l.space_id = b.space_id and l.position = lower(b.numbers) + i.ordinal and l.value = i.value) limit 1;
  if found then
    perform refuse('UT002', format('serial %s does not stand at ordinal %s of block %s in its list', wrong.value, wrong.ordinal, wrong.block_id));
  end if;
  return null;
end $$;
create trigger identifiers_as_listed after insert on identifiers referencing new table as issued
  for each statement execute function check_listed_value();

-- What was declared as used stays so: a declaration may add and grow ranges, and take none back.
create or replace function declare_used_ranges(p_pools jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  wanted record;
  clash record;
  lost used_ranges;
begin
  perform lock_used_ranges(false);
  select u.* into lost from used_ranges u join jsonb_array_elements(p_pools) p on p ->> 'name' = u.name
  where u.kind = 'mac' and not u.numbers <@ (
    select coalesce(range_agg(int8range((r ->> 0)::bigint, (r ->> 1)::bigint)), '{}'::int8multirange) from jsonb_array_elements(p -> 'ranges') r) limit 1;
  if found then
    perform refuse('UT007', format('used: the numbers %s of pool %s were declared as used before, and stay so', lost.numbers, lost.name));
  end if;
  for wanted in
    select p ->> 'name' as name, int8range((r ->> 0)::bigint, (r ->> 1)::bigint) as numbers
    from jsonb_array_elements(p_pools) p, jsonb_array_elements(p -> 'ranges') r
  loop
    select b.id, coalesce('batch ' || b.batch_id, 'lease ' || b.lease_id) as receiver, b.numbers * wanted.numbers as numbers into clash
    from blocks b join number_spaces s on s.id = b.space_id
    where s.kind = 'mac' and s.name = wanted.name and b.numbers && wanted.numbers order by b.id limit 1;
    if found then
      perform refuse('UT007', format('used: the numbers %s of pool %s are not allowed; they were granted to %s (block %s)',
        clash.numbers, wanted.name, clash.receiver, clash.id));
    end if;
    insert into used_ranges (kind, name, numbers) values ('mac', wanted.name, wanted.numbers) on conflict do nothing;
  end loop;
end $$;
create trigger used_ranges_append_only before update or delete on used_ranges for each row execute function refuse_change();
create trigger used_ranges_no_truncate before truncate on used_ranges execute function refuse_change();
