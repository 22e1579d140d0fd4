/** A small plant and its batches, made by the real functions under the real logins. */
import { canonicalJson } from '../../domain/canonical';
import type { Order } from '../../domain/order-document';
import type { GrantFacts } from '../../domain/grant-facts';
import { parsePattern, renderSerial } from '../../domain/serial-scheme';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { stationLogin } from '../../domain/plant';
import { testStations, type TestDatabase, type TestLogin } from './database';
import { sampleRecipe } from './unit-facts';

/** One connection pool a login, opened when it is first used. */
export interface ShopFloor {
  as(login: TestLogin): Database;
  close(): Promise<void>;
}

export function openShopFloor(database: Pick<TestDatabase, 'urlOf'>): ShopFloor {
  const pools = new Map<TestLogin, Database>();
  return {
    as(login) {
      const pool =
        pools.get(login) ??
        openDatabase(database.urlOf(login), { applicationName: `test-${login}`, maxConnections: 4 });
      pools.set(login, pool);
      return pool;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

export interface PlantOptions {
  readonly slots?: number;
  /** Operator numbers and names. */
  readonly operators?: Readonly<Record<string, string>>;
}

/** Buyers acme (test) and borealis (none), stations line-1 and label-1, two operators: as the desk applies a plant file. */
export async function applySmallPlant(floor: ShopFloor, options: PlantOptions = {}): Promise<void> {
  const { slots = 16, operators = { '17': 'Ada Lovelace', '23': 'Grace Hopper' } } = options;
  const steps = { 'line-1': ['flash', 'test', 'provision'], 'label-1': ['label', 'qc'] };
  const changes = {
    issuers: [
      { id: 'unitrail', kind: 'manufacturer' },
      { id: 'ieee', kind: 'registry' },
      { id: sampleRecipe.product.chipFamily, kind: 'chip-family' },
      { id: 'device-ca', kind: 'authority' },
      { id: 'acme', kind: 'buyer' },
    ],
    buyers: [
      { id: 'acme', name: 'Acme', test: true },
      { id: 'borealis', name: 'Borealis', test: false },
    ],
    operators: Object.entries(operators).map(([number, name]) => ({ number, name })),
    stations: testStations.map((id) => ({
      id,
      login: stationLogin(id),
      steps: steps[id],
      virtual: true,
      slots,
    })),
    objects: [],
  };
  const sql = 'select apply_plant(?, ?, ?::jsonb)';
  await floor.as('desk').raw(sql, ['{}', 'test plant', JSON.stringify(changes)]);
}

export interface TestBatch {
  readonly id: string;
  readonly quantity: number;
  readonly buyer: string;
  readonly destination: string;
  readonly macBlock: number;
  /** The offset of the block's first address in its pool. */
  readonly firstMac: number;
  /** The serial at a batch index. */
  serialAt(index: number): string;
  /** What claims the unit at a batch index. */
  claimAt(index: number): { index: number; block: number; ordinal: number; value: string };
}

export const testPool = '70:B3:D5:00:00:00/36';
export const macsPerUnit = 2;
const pattern = 'EUDV{yy}{ww}-{seq:6}';
const facts: GrantFacts = { year: 2026, isoYear: 2026, isoWeek: 47 };
let opened = 0;

export interface BatchOptions {
  readonly id?: string;
  readonly order?: string;
  readonly quantity?: number;
  readonly orderQuantity?: number;
  readonly buyer?: string;
  readonly trial?: boolean;
  /** Another scheme of the same pattern: its numbers meet those of the first. */
  readonly scheme?: string;
  /** What the scheme skips. */
  readonly skip?: readonly string[];
  /** Its numbers are those of this list of a buyer's. */
  readonly list?: { readonly issuer: string; readonly name: string };
}

/** Opens a batch as the office, with a block of serials and one of MAC addresses. */
export async function openTestBatch(floor: ShopFloor, options: BatchOptions = {}): Promise<TestBatch> {
  opened += 1;
  const { id = `B2647-${opened}`, quantity = 10, buyer = 'acme', trial = false } = options;
  const { orderQuantity = quantity, scheme = 'eudv' } = options;
  const order: Order = {
    ...{
      batch: id,
      order: options.order ?? `PO-${id}`,
      orderQuantity,
      product: 'EUDV',
      quantity,
      buyer,
    },
    ...{
      destination: 'DE',
      buyerPart: 'AC-77-B',
      firmware: sampleRecipe.firmware.version,
      boardBatch: 'PB-118',
    },
    ...{
      boardLot: 'PCB-2406-17',
      components: { U1: ['MCU-LOT-7731'], U7: ['RADIO-LOT-0092', 'RADIO-LOT-0093'] },
    },
    ...{ serials: 'scheme', attributes: { revision: 'C' }, trial },
  };
  const sql = 'select open_batch(?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?)';
  const { sha256 } = sampleRecipe.firmware;
  const serials = options.list ? listGrant(options.list, quantity) : serialGrant(trial, scheme, options.skip);
  const grants = JSON.stringify([serials, macGrant()]);
  await floor
    .as('office')
    .raw(sql, [
      id,
      canonicalJson(order),
      canonicalJson(sampleRecipe),
      sha256,
      orderQuantity,
      trial,
      `batch:${id}`,
      grants,
      '17',
    ]);
  const [block, macs] = [await blockOf(floor, id, 'serial'), await blockOf(floor, id, 'mac')];
  const serialAt = (index: number): string =>
    renderSerial(parsePattern(block.pattern), { facts, number: block.first + index - 1 });
  const claimAt = (index: number) => ({
    index,
    block: block.id,
    ordinal: index - 1,
    value: serialAt(index),
  });
  return {
    id,
    quantity,
    buyer,
    destination: 'DE',
    macBlock: macs.id,
    firstMac: macs.first,
    serialAt,
    claimAt,
  };
}

function serialGrant(trial: boolean, scheme: string, skip: readonly string[] | undefined) {
  const [name, text] = trial ? ['eudv-trial', 'T-{seq:6}'] : [scheme, pattern];
  const range = { first: 1, last: 999_999, runLength: 1, version: 1 };
  return {
    kind: 'serial',
    name,
    scope: trial ? '' : '2026W47',
    issuer: 'unitrail',
    ...range,
    pattern: text,
    dateParts: canonicalJson({ ...facts, ...(skip && { skip }) }),
  };
}

function listGrant({ issuer, name }: NonNullable<BatchOptions['list']>, count: number) {
  const range = { first: 1, last: count, runLength: 1, version: 1 };
  return {
    ...{ kind: 'serial', name, scope: `list:${issuer}`, issuer },
    ...{ ...range, pattern: '{listed}', dateParts: canonicalJson(facts) },
  };
}

function macGrant() {
  const range = { first: 0, last: 4095, runLength: macsPerUnit, version: 1 };
  return {
    kind: 'mac',
    name: 'main',
    scope: '',
    issuer: 'ieee',
    ...range,
    pattern: testPool,
    dateParts: canonicalJson(facts),
  };
}

async function blockOf(
  floor: ShopFloor,
  batch: string,
  kind: string,
): Promise<{ id: number; first: number; pattern: string }> {
  const answer = await floor.as('office').raw<{ rows: { id: string; first: string; pattern: string }[] }>(
    `select b.id, lower(b.numbers) as first, b.pattern from blocks b join number_spaces s on s.id = b.space_id
     where b.batch_id = ? and s.kind = ? order by b.id limit 1`,
    [batch, kind],
  );
  const row = answer.rows[0]!;
  return { id: Number(row.id), first: Number(row.first), pattern: row.pattern };
}
