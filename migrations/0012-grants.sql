-- Why: rights in one place, so that a reviewer reads them at a glance. No application role may insert, update or
-- delete anywhere: functions of the owner do it for them.
grant select on all tables in schema public to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant select on units, unit_events, unit_lots, identifiers, batches, batch_lots, recipes, stations, slots, holds, tries,
  event_types, transitions, blocks, number_spaces, plant_versions to unitrail_station;

grant execute on function append_event(text, text, text, text) to unitrail_office, unitrail_station;
grant execute on function begin_act(uuid, text, text, text, integer, text) to unitrail_office, unitrail_station;
grant execute on function slots_to_clear(), slot_cleared(text, integer, bigint) to unitrail_station;
grant execute on function acquire_slot(uuid), release_slot(uuid) to unitrail_office;
grant execute on function open_batch(text, text, text, text, integer, boolean, text, jsonb, text),
  claim_units(text, jsonb), open_shipment(text, text, text, text, text),
  next_carton_number(text, text, bigint), ship_units(text), seal_record(uuid, text, bytea) to unitrail_office;
grant execute on function order_room(orders) to unitrail_office, unitrail_desk;
grant execute on function change_lots(text, text, text[], text, text) to unitrail_office, unitrail_desk;
grant execute on function apply_plant(text, text, jsonb) to unitrail_desk, unitrail_office;
