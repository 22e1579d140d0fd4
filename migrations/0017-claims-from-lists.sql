-- Why: a batch may take its serials from a buyer's list. A block of such a list has the pattern 'list': the number at an
-- ordinal is what stands at that position, and nothing else can be given out there.
create function check_listed_value() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from blocks b where b.id = new.block_id and b.pattern = 'list' and not exists (
       select from listed_numbers l
       where l.space_id = b.space_id and l.position = lower(b.numbers) + new.ordinal and l.value = new.value)) then
    perform refuse('UT002', format('serial %s does not stand at ordinal %s of block %s in its list', new.value, new.ordinal, new.block_id));
  end if;
  return new;
end $$;
create trigger identifiers_as_listed before insert on identifiers for each row
  when (new.kind = 'serial' and new.block_id is not null) execute function check_listed_value();

-- A new version of a scheme may have a wider sequence: its counter goes on, up to the new end.
create or replace function find_space(p_kind text, p_name text, p_scope text, p_issuer text, p_first bigint, p_last bigint) returns bigint
language plpgsql as $$
declare
  space bigint;
begin
  insert into number_spaces (kind, name, scope, issuer, first_number, last_number, next_number)
  values (p_kind, p_name, p_scope, p_issuer, p_first, p_last, p_first)
  on conflict (kind, name, scope) do nothing;
  update number_spaces set last_number = p_last
  where kind = p_kind and name = p_name and scope = p_scope and last_number < p_last
  returning id into space;
  if space is null then
    select id into space from number_spaces where kind = p_kind and name = p_name and scope = p_scope;
  end if;
  return space;
end $$;
