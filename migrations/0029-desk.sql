-- Why: what an engineer's desk needs beside the decisions themselves: certificates that are void, and a release of another
-- recipe for one unit.

-- Certificates that nobody may trust any more. A row stays for ever.
create table revocations (
  certificate_sha256 text not null,
  unit_id uuid not null,
  -- The event that says why.
  seq bigint not null,
  constraint revocations_pkey primary key (certificate_sha256),
  constraint revocations_unit foreign key (unit_id) references units (id)
);
create index revocations_unit_id on revocations (unit_id);
create trigger revocations_append_only before update or delete on revocations for each row execute function refuse_change();
create trigger revocations_no_truncate before truncate on revocations execute function refuse_change();
grant select on revocations to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;

create function revoke_certificate(u units, p_seq bigint) returns void
language sql as $$
  insert into revocations (certificate_sha256, unit_id, seq) values (u.certificate_sha256, u.id, p_seq)
  on conflict (certificate_sha256) do nothing
$$;

-- A recipe that a rework will name: the unit's own with another firmware. The rework itself is an event like any other.
create function add_release(p_unit uuid, p_recipe text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  digest text := encode(sha256(convert_to(p_recipe, 'UTF8')), 'hex');
begin
  perform check_office();
  u := lock_unit(p_unit);
  if check_body(p_recipe) - 'firmware' is distinct from recipe_of(u) - 'firmware' then
    perform refuse('UT002', format('unit %s: the recipe differs from its own in more than the firmware', u.serial));
  end if;
  insert into recipes (sha256, body) values (digest, p_recipe) on conflict (sha256) do nothing;
  return digest;
end $$;
grant execute on function add_release(uuid, text) to unitrail_office;
