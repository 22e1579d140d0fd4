/**
 * Walks one unit through the steps by SQL alone, as the office and the stations do it, with bodies like theirs: for
 * tests that need a history and no hardware, no workflow, no worker.
 */
import { canonicalJson } from '../../domain/canonical';
import { buildLabelContent } from '../../domain/label-content';
import { macRun, parseMacBlock } from '../../domain/mac-address';
import { closeShipment } from '../../adapters/postgres/shipments';
import { macsPerUnit, openTestBatch, testPool, type ShopFloor, type TestBatch } from './shop-floor';
import { append, beginAct, clearSlots, digest, standing, type OpenAct } from './unit-acts';
import { sampleRecipe } from './unit-facts';

export { append, beginAct, clearSlots, decide, digest, holdUnit, standing, type OpenAct } from './unit-acts';

export const stages = [
  'claim',
  'assign',
  'flash',
  'test',
  'provision',
  'label',
  'qc',
  'Packed',
  'Shipped',
] as const;
export type Stage = (typeof stages)[number];

export interface WalkedUnit {
  readonly unitId: string;
  readonly serial: string;
  readonly batch: TestBatch;
  readonly index: number;
  readonly macs: readonly string[];
  readonly chipUid: string;
  readonly certificateSha256: string;
}

export interface WalkOptions {
  /** The last stage that is done. */
  readonly upTo: Stage;
  /** Without one, the unit gets a batch of its own. */
  readonly batch?: TestBatch;
  readonly index?: number;
}

/** Claims a unit and walks it through every stage up to `upTo`. */
export async function walkUnit(
  floor: ShopFloor,
  { upTo, batch, index = 1 }: WalkOptions,
): Promise<WalkedUnit> {
  const unit = await claim(floor, batch ?? (await openTestBatch(floor, { quantity: 1 })), index);
  await walkOn(floor, unit, 'assign', upTo);
  return unit;
}

/** Walks a unit on: from the stage that is done next, to the last one. After a retry or a rework, from that step. */
export async function walkOn(floor: ShopFloor, unit: WalkedUnit, from: Stage, upTo: Stage): Promise<void> {
  for (const stage of stages.slice(stages.indexOf(from), stages.indexOf(upTo) + 1))
    await walks[stage](floor, unit);
}

type Walk = (floor: ShopFloor, unit: WalkedUnit) => Promise<void>;

const walks: Readonly<Record<Stage, Walk>> = {
  claim: () => Promise.resolve(),
  assign: async (floor, { unitId, batch, macs, serial }) => {
    const body = { macBlock: batch.macBlock, macs, request: digest(serial) };
    await append(floor, 'office', unitId, 'assigned', `${unitId}/assign/1`, body);
  },
  flash,
  test,
  provision,
  label,
  qc,
  Packed: async (floor, unit) => {
    const { unitId, batch } = unit;
    const shipment = shipmentOf(batch);
    const { attempt } = await standing(floor, unit);
    const body = { carton: await openShipment(floor, batch), shipment };
    await append(floor, 'office', unitId, 'packed', `${unitId}/packed/${attempt}/${shipment}`, body);
  },
  Shipped: async (floor, { batch }) =>
    void (await closeShipment(floor.as('office'), shipmentOf(batch), () => undefined)),
};

export async function claim(floor: ShopFloor, batch: TestBatch, index: number): Promise<WalkedUnit> {
  const serial = batch.serialAt(index);
  const answer = await floor
    .as('office')
    .raw<{ rows: { unit_id: string }[] }>('select unit_id from claim_units(?, ?::jsonb)', [
      batch.id,
      JSON.stringify([batch.claimAt(index)]),
    ]);
  const macs = macRun(parseMacBlock(testPool), batch.firstMac + (index - 1) * macsPerUnit, macsPerUnit);
  const unitId = answer.rows[0]!.unit_id;
  return {
    unitId,
    serial,
    batch,
    index,
    macs,
    chipUid: digest(`chip ${serial}`).slice(0, 24).toUpperCase(),
    certificateSha256: digest(`certificate ${serial}`),
  };
}

async function flash(floor: ShopFloor, unit: WalkedUnit): Promise<void> {
  const act = await beginAct(floor, unit, 'flash', 'flashIntended');
  await bindBoard(act, unit);
  const { sha256, version, sizeBytes } = sampleRecipe.firmware;
  const identity = { serial: unit.serial, macs: unit.macs };
  await act.result('flashed', { firmwareSha256: sha256, firmwareVersion: version, sizeBytes, identity });
}

/** The first fact of a flash: which board it is. */
export async function bindBoard(act: OpenAct, { chipUid }: Pick<WalkedUnit, 'chipUid'>): Promise<void> {
  await act.note('boardBound', 'board', {
    ...{
      chipUid,
      chipFamily: sampleRecipe.product.chipFamily,
      boardBatch: 'PB-118',
      boardLot: 'PCB-2406-17',
    },
    components: { U1: ['MCU-LOT-7731'], U7: ['RADIO-LOT-0092', 'RADIO-LOT-0093'] },
  });
}

async function test(floor: ShopFloor, unit: WalkedUnit): Promise<void> {
  const act = await beginAct(floor, unit, 'test', 'testIntended');
  await act.result('testPassed', testBody(3.291, 'PASS'));
}

export function testBody(value: number, verdict: 'PASS' | 'FAIL') {
  const results = sampleRecipe.testPlan.measurements.map((limit) => ({ ...limit, value, verdict }));
  const { testPlan, testPlanSha256, firmware } = sampleRecipe;
  return {
    firmwareSha256: firmware.sha256,
    plan: testPlan.name,
    planSha256: testPlanSha256,
    verdict,
    results,
  };
}

async function provision(floor: ShopFloor, unit: WalkedUnit): Promise<void> {
  const { serial, certificateSha256 } = unit;
  const keySha256 = digest(`key ${serial}`);
  const request = await beginAct(floor, unit, 'provision.request', 'requestIntended');
  await request.result('requestRead', { csr: pem('CERTIFICATE REQUEST', serial), keySha256 });
  const serialNumber = digest(`number ${serial}`).slice(0, 32);
  const issue = await beginAct(floor, unit, 'provision.certificate', 'certificateIntended', {
    keySha256,
    serialNumber,
  });
  await issue.result('certificateIssued', {
    ...{
      certificate: pem('CERTIFICATE', serial),
      certificateSha256,
      chain: pem('CERTIFICATE', 'CA'),
      keySha256,
      serialNumber,
    },
    ...{ chainNotAfter: '2036-11-20T00:00:00Z', issuer: 'CN=Unitrail development CA' },
  });
  const install = await beginAct(floor, unit, 'provision.install', 'installIntended');
  await install.result('provisioned', { certificateSha256 });
  await clearSlots(floor, 'line-1');
}

async function label(floor: ShopFloor, unit: WalkedUnit): Promise<void> {
  const print = await printLabel(floor, unit);
  const act = await beginAct(floor, unit, 'label.verify', 'verifyIntended');
  await act.result('labelVerified', { print, content: contentOf(unit, print) });
}

async function printLabel(floor: ShopFloor, unit: WalkedUnit): Promise<number> {
  const { act, print } = await intendPrint(floor, unit);
  await act.result('printed', { print, how: 'printer' });
  return print;
}

/** A print that is intended and not confirmed: what a printer's time-out leaves behind. */
export async function intendPrint(
  floor: ShopFloor,
  unit: WalkedUnit,
): Promise<{ act: OpenAct; print: number }> {
  const act = await beginAct(floor, unit, 'label.print', 'labelIntended');
  const row = await floor.as('office')('units').where({ id: unit.unitId }).first('prints');
  const print = Number(row.prints) + 1;
  await act.note('printIntended', 'print', { print, content: contentOf(unit, print) });
  return { act, print };
}

function contentOf({ serial }: WalkedUnit, print: number): string {
  return buildLabelContent({ gtin: sampleRecipe.product.gtin, serial, print });
}

async function qc(floor: ShopFloor, unit: WalkedUnit): Promise<void> {
  const act = await beginAct(floor, unit, 'qc', 'qualityIntended');
  const { serial, macs, chipUid } = unit;
  const device = { chipUid, serial, macs, firmwareSha256: sampleRecipe.firmware.sha256, keyProved: true };
  const row = await floor.as('office')('units').where({ id: unit.unitId }).first('label_print as print');
  const label = { gtin: sampleRecipe.product.gtin, serial, print: Number(row.print) };
  const statement = { format: 'unitrail.qc/1', device, label };
  await act.result('qualityPassed', {
    by: 'station label-1',
    statement,
    statementSha256: digest(canonicalJson(statement)),
  });
  await clearSlots(floor, 'label-1');
}

function shipmentOf(batch: TestBatch): string {
  return `SH-${batch.id}`;
}

async function openShipment(floor: ShopFloor, batch: TestBatch): Promise<string> {
  const sql = 'select open_shipment(?, ?, ?, ?, ?) as carton';
  const carton = `carton of ${batch.id}`;
  const answer = await floor
    .as('office')
    .raw<{ rows: { carton: string }[] }>(sql, [
      shipmentOf(batch),
      batch.id,
      batch.buyer,
      batch.destination,
      carton,
    ]);
  return answer.rows[0]!.carton;
}

function pem(kind: string, of: string): string {
  return `-----BEGIN ${kind}-----\n${Buffer.from(of).toString('base64')}\n-----END ${kind}-----\n`;
}
