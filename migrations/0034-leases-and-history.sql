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

-- And: of a buyer's list the event told the first number, the last and how many, so that one in the middle could be changed
-- unseen. It tells a digest over all of them now.

-- SHA-256 over the SHA-256 of each number, in the order of the list.
create function digest_of_list(p_space bigint) returns text
language sql stable as $$
  select encode(sha256(string_agg(sha256(convert_to(value, 'UTF8')), ''::bytea order by position)), 'hex')
  from listed_numbers where space_id = p_space
$$;

-- Tells of the list and closes it. Returns how many numbers it has.
create or replace function close_number_list(p_space bigint) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  l number_lists := open_list(p_space);
  numbers bigint;
  highest bigint;
begin
  select count(*), max(position) into numbers, highest from listed_numbers where space_id = p_space;
  if numbers = 0 or numbers <> highest then
    perform refuse('UT007', format('list %s of %s is empty or has holes: %s numbers up to position %s', l.name, l.issuer,
      numbers, coalesce(highest, 0)));
  end if;
  update number_spaces set last_number = numbers where id = p_space;
  perform append_to_stream(l.stream, 'numbersListed', 'listed',
    format('{"by":%s,"count":%s,"first":%s,"last":%s,"numbersSha256":%s,"part":%s,"pattern":%s,"sha256":%s,"source":%s}', to_json(l.imported_by),
      numbers, (select to_json(value) from listed_numbers where space_id = p_space and position = 1),
      (select to_json(value) from listed_numbers where space_id = p_space and position = numbers), to_json(digest_of_list(p_space)),
      to_json(l.source_part), coalesce(to_json(l.pattern)::text, 'null'), to_json(l.source_sha256), to_json(l.source_name)));
  return numbers;
end $$;
