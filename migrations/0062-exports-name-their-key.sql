-- Why: an export that was booked with a text that is no key was refused by an error of Postgres's own, which nobody can read anything from.

-- As before, but for the key: an Ed25519 public key only, as of a capsule.
create or replace function export_made(p_export text, p_manifest text, p_public_key text, p_look_sha256 text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  m jsonb := check_body(p_manifest);
  key_id text := export_key_id(p_public_key);
  digest text := encode(sha256(convert_to(p_manifest, 'UTF8')), 'hex');
  e exports;
  before exports;
begin
  perform check_office();
  select * into e from exports where id = p_export for update;
  if not found then perform refuse('UT009', format('there is no export %s', p_export)); end if;
  if e.state <> 'opened' then return false; end if;
  if encode(sha256(convert_to(e.look, 'UTF8')), 'hex') is distinct from p_look_sha256 then
    perform refuse('40001', format('export %s is to look otherwise by now', e.id));
  end if;
  select * into before from exports where id = e.predecessor;
  if before.state = 'opened' then
    perform refuse('40001', format('export %s waits for %s, which is not made yet', e.id, before.id));
  end if;
  if (m ->> 'format', m ->> 'export', m ->> 'buyer', m ->> 'kind', m -> 'number', m #>> '{reissueOf}', m #>> '{predecessor,export}',
      m #>> '{predecessor,manifestSha256}', m -> 'counts', m #>> '{signature,keyId}')
     is distinct from
     ('unitrail.export/1', e.id, e.buyer, e.kind, coalesce(to_jsonb(e.number), 'null'), e.reissue_of, before.id,
      encode(sha256(convert_to(before.manifest, 'UTF8')), 'hex'),
      jsonb_build_object('units', e.records, 'amendments', e.amendments, 'numbers', e.numbers), key_id) then
    perform refuse('UT002', format('the manifest of export %s does not say what its row says', e.id));
  end if;
  insert into export_keys (id, public_key) values (key_id, p_public_key) on conflict (id) do nothing;
  insert into export_files (export_id, name, size_bytes, sha256, rows)
  select e.id, f ->> 'name', whole(f, 'sizeBytes'), f ->> 'sha256', whole(f, 'rows') from jsonb_array_elements(m -> 'files') as f;
  update exports set state = 'made', made_at = clock_timestamp(), manifest = p_manifest where id = e.id;
  return append_to_stream('export:' || e.id, 'exportMade', 'made',
    format('{"files":%s,"keyId":%s,"manifestSha256":%s}', jsonb_array_length(m -> 'files'), to_json(key_id), to_json(digest)));
end $$;
