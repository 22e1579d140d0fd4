-- Why: what came back of a lease is granted to nobody, here or elsewhere: an address of it may be adopted.

-- Of these addresses of a pool, given by offset, those that a batch may still get: they are in a block that was granted and no
-- unit has them yet, or they are not granted yet. Those of a lease count until it has ended with them.
create or replace function grantable_addresses(p_pool text, p_numbers bigint[]) returns table (number bigint, batch text)
language sql stable security definer set search_path = public, pg_temp as $$
  select n, b.batch_id
  from unnest(p_numbers) as n
  left join number_spaces s on s.kind = 'mac' and s.name = p_pool and s.scope = ''
  left join blocks b on b.space_id = s.id and b.numbers @> n
  where (s.id is null or n >= s.next_number or b.id is not null)
    and not exists (select from identifiers i where i.block_id = b.id and i.ordinal = n - lower(b.numbers))
    and not exists (select from lease_returns r where r.lease_id = b.lease_id and r.unused @> n)
$$;
