-- Why: every process gets the least it needs. Groups carry the rights; logins (one a role, one a station)
-- are members of a group and are made by `unitrail migrate --logins`, not here.
-- Roles belong to the whole cluster, so a second database finds them made.
do $$
declare
  group_name text;
begin
  foreach group_name in array array['unitrail_office', 'unitrail_station', 'unitrail_desk',
                                    'unitrail_retention', 'unitrail_auditor', 'unitrail_buyer']
  loop
    if not exists (select from pg_roles where rolname = group_name) then
      begin
        execute format('create role %I nologin', group_name);
      exception when duplicate_object or unique_violation then
        null; -- another database of this cluster made it in the same moment
      end;
    end if;
  end loop;
end $$;

revoke create on schema public from public;
alter default privileges revoke execute on functions from public;

-- Block grants must not overlap within one number space: equality and range overlap in one constraint.
create extension if not exists btree_gist;
