-- Object lock of a bucket asks until when each capsule is kept: the same answer by which erase_capsule goes. It grows while units
-- of the product ship and where the policy grows, so that it is asked again and again.

-- Of the capsule, or of all that have files.
create function archive_ends(p_capsule text) returns table (capsule_id text, kept_until timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select c.id, k.until
  from (select m.product, m.buyer, archive_until(m.product, m.buyer) as until
        from (select distinct product, buyer from capsules
              where state in ('made', 'moved') and (p_capsule is null or id = p_capsule)) m) k
  join capsules c on c.product = k.product and c.buyer is not distinct from k.buyer and c.state in ('made', 'moved')
  where k.until is not null and (p_capsule is null or c.id = p_capsule)
  order by c.id
$$;

revoke all on function archive_ends(text) from public;
grant execute on function archive_ends(text) to unitrail_office;
