-- Why: what the buyer ordered (a ceiling over all batches) and what a planner starts.
create table orders (
  id text not null,
  quantity integer not null,
  -- Units that are alive or shipped. Kept by claims and by the events that end a unit; the auditor recounts it.
  alive integer not null default 0,
  constraint orders_pkey primary key (id),
  constraint orders_quantity check (quantity > 0),
  constraint orders_alive check (alive >= 0 and alive <= quantity)
);

create table batches (
  id text not null,
  order_id text not null,
  product text not null,
  quantity integer not null,
  buyer text,
  destination text,
  trial boolean not null,
  document text not null,
  sha256 text not null,
  recipe_sha256 text not null,
  workflow_id text not null,
  firmware_version text not null,
  board_batch text not null,
  board_lot text not null,
  opened_at timestamptz not null default clock_timestamp(),
  completed_at timestamptz,
  constraint batches_pkey primary key (id),
  constraint batches_order foreign key (order_id) references orders (id),
  constraint batches_buyer foreign key (buyer) references buyers (id),
  constraint batches_recipe foreign key (recipe_sha256) references recipes (sha256),
  constraint batches_quantity check (quantity between 1 and 1000000),
  constraint batches_digest check (sha256 = encode(sha256(convert_to(document, 'UTF8')), 'hex'))
);
create index batches_order_id on batches (order_id);
create index batches_buyer on batches (buyer);
create index batches_recipe_sha256 on batches (recipe_sha256);
create index batches_board_lot on batches (board_lot);

-- The lots in force per position. They change as reels change; a unit records those of the moment when
-- its board enters a slot.
create table batch_lots (
  batch_id text not null,
  position text not null,
  lots text[] not null,
  constraint batch_lots_pkey primary key (batch_id, position),
  constraint batch_lots_batch foreign key (batch_id) references batches (id),
  constraint batch_lots_some check (lots <> '{}')
);
