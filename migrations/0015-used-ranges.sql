-- Why: a block of MAC addresses is often half used when Unitrail comes. What was given out before is never granted.

-- As the plant in force declares them: numbers of a space, whatever its scope.
create table used_ranges (
  kind text not null,
  name text not null,
  numbers int8range not null,
  constraint used_ranges_pkey primary key (kind, name, numbers),
  constraint used_ranges_numbers check (not isempty(numbers) and lower_inc(numbers) and not upper_inc(numbers))
);
grant select on used_ranges to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;

-- Grants and declarations wait for each other: neither may decide by what the other is about to change.
create function lock_used_ranges(p_to_grant boolean) returns void
language plpgsql as $$
begin
  if p_to_grant then
    perform pg_advisory_xact_lock_shared(hashtext('unitrail.used-ranges'));
  else
    perform pg_advisory_xact_lock(hashtext('unitrail.used-ranges'));
  end if;
end $$;

-- The used ranges of these pools from now on. p_pools: [{name, ranges: [[first, end], ...]}]. A repeat is a no-op.
create function declare_used_ranges(p_pools jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  wanted record;
  clash record;
begin
  perform lock_used_ranges(false);
  delete from used_ranges where kind = 'mac' and name in (select p ->> 'name' from jsonb_array_elements(p_pools) p);
  for wanted in
    select p ->> 'name' as name, int8range((r ->> 0)::bigint, (r ->> 1)::bigint) as numbers
    from jsonb_array_elements(p_pools) p, jsonb_array_elements(p -> 'ranges') r
  loop
    select b.id, b.batch_id, b.numbers * wanted.numbers as numbers into clash
    from blocks b join number_spaces s on s.id = b.space_id
    where s.kind = 'mac' and s.name = wanted.name and b.numbers && wanted.numbers order by b.id limit 1;
    if found then
      perform refuse('UT007', format('used: the numbers %s of pool %s are not allowed; they were granted to batch %s (block %s)',
        clash.numbers, wanted.name, clash.batch_id, clash.id));
    end if;
    insert into used_ranges (kind, name, numbers) values ('mac', wanted.name, wanted.numbers);
  end loop;
end $$;
grant execute on function declare_used_ranges(jsonb) to unitrail_desk, unitrail_office;

-- Moves the space's next number to where a block of this width begins that meets no used range. A block is contiguous:
-- a gap that is too small for it stays behind.
create function skip_used_ranges(p_space bigint, p_width bigint, p_run_length integer) returns void
language plpgsql as $$
declare
  space number_spaces;
  start bigint;
  past bigint;
begin
  select * into space from number_spaces where id = p_space for update;
  start := space.next_number;
  loop
    start := ((start + p_run_length - 1) / p_run_length) * p_run_length;
    select max(upper(numbers)) into past from used_ranges
    where kind = space.kind and name = space.name and numbers && int8range(start, start + p_width);
    exit when past is null;
    start := past;
  end loop;
  if start + p_width - 1 > space.last_number then
    perform refuse('UT011', format('%s has no %s numbers in a row left, apart from those that were used before',
      concat_ws(' ', space.name, nullif(space.scope, '')), p_width));
  end if;
  update number_spaces set next_number = start where id = p_space and next_number <> start;
end $$;

-- A grant as before, past what was used.
alter function grant_block(bigint, text, integer, integer, integer, text, text) rename to grant_next_block;
create function grant_block(p_space bigint, p_batch text, p_quantity integer, p_run_length integer, p_version integer,
                            p_pattern text, p_date_parts text) returns bigint
language plpgsql as $$
begin
  perform lock_used_ranges(true);
  if exists (select from used_ranges u join number_spaces s on s.kind = u.kind and s.name = u.name where s.id = p_space) then
    perform skip_used_ranges(p_space, p_quantity::bigint * p_run_length, p_run_length);
  end if;
  return grant_next_block(p_space, p_batch, p_quantity, p_run_length, p_version, p_pattern, p_date_parts);
end $$;
