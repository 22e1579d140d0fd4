-- Why: retention trusted a clock that had jumped by less than a hundred days, held less than a legal hold is about, and left files
-- behind, or removed some too early, at the end of an archive. All of it is judged here, from what is on record.

-- 2. Legal holds.
-- Units that still have another release in the flash than the one they are pinned to: those that were reworked, and not flashed since.
create index units_flashed_otherwise on units (flashed_sha256) where flashed_sha256 <> firmware_sha256;

-- Units that somebody holds, by whatever the hold is about: any unit that fits at the moment of looking. Rather one too many: a
-- hold costs disk, and what is gone can't be held.
create or replace view units_on_legal_hold as
select h.id as hold_id, h.unit_id from legal_holds h where h.kind = 'unit' and h.released_at is null
union all
select h.id, u.id from legal_holds h join units u on u.batch_id = h.value where h.kind = 'batch' and h.released_at is null
union all
select h.id, l.unit_id from legal_holds h join unit_lots l on l.lot = h.value where h.kind = 'lot' and h.released_at is null
union all
select h.id, u.id from legal_holds h join units u on u.board_lot = h.value where h.kind = 'lot' and h.released_at is null
union all
select h.id, u.id from legal_holds h join units u on u.firmware_version = h.value where h.kind = 'firmware' and h.released_at is null
union all
-- In the flash, whatever the unit is pinned to.
select h.id, u.id from legal_holds h join recipes r on r.body::jsonb #>> '{firmware,version}' = h.value
join units u on u.flashed_sha256 = r.body::jsonb #>> '{firmware,sha256}' and u.flashed_sha256 <> u.firmware_sha256
where h.kind = 'firmware' and h.released_at is null
union all
-- What devices said after shipping that they ran, now or once.
select h.id, f.unit_id from legal_holds h join field_reports f on f.version = h.value where h.kind = 'firmware' and h.released_at is null
union all
-- In a shipment to the buyer, closed or not.
select h.id, u.id from legal_holds h join shipments s on s.buyer = h.value join units u on u.shipment_id = s.id
where h.kind = 'buyer' and h.released_at is null
union all
-- Made for the buyer, whatever became of it.
select h.id, u.id from legal_holds h join batches b on b.buyer = h.value join units u on u.batch_id = b.id
where h.kind = 'buyer' and h.released_at is null
union all
-- Under a number of the buyer's own.
select h.id, u.id from legal_holds h join units u on u.issuer = h.value where h.kind = 'buyer' and h.released_at is null
union all
-- Of batches that name no buyer: those of an order of which anything was made, packed or shipped for the buyer. What has shipped
-- to another one is not this buyer's.
select h.id, u.id from legal_holds h cross join lateral (
  select b.order_id from batches b where b.buyer = h.value
  union select b.order_id from shipments s join batches b on b.id = s.batch_id where s.buyer = h.value
  union select b.order_id from shipments s join units v on v.shipment_id = s.id join batches b on b.id = v.batch_id where s.buyer = h.value) o
join batches b on b.order_id = o.order_id and b.buyer is null join units u on u.batch_id = b.id and u.state <> 'Shipped'
where h.kind = 'buyer' and h.released_at is null;

