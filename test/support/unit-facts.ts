import type { Recipe } from '../../domain/recipe';
import type { RecordEvent, RecordEventType, RecordFacts } from '../../domain/record';
import type { UnitRow } from '../../domain/unit-row';

/** Facts for tests of pure code: one unit that went through all steps and shipped, as the database would tell it. */

export const sha = (digit: string): string => digit.repeat(64);

export const sampleRecipe: Recipe = {
  format: 'unitrail.recipe/1',
  issuer: 'unitrail',
  product: {
    code: 'EUDV',
    name: 'Edge device',
    gtin: '09506000134352',
    country: 'DE',
    supportEnds: '2036-12-31',
    warrantyMonths: 24,
    chipFamily: 'virt32',
    macs: { pool: 'main', count: 2 },
  },
  firmware: { version: '1.4.2', sha256: sha('f'), sizeBytes: 4096, sbomSha256: sha('b') },
  testPlan: { name: 'EUDV-final', measurements: [{ name: 'vcc_3v3', unit: 'V', low: 3.2, high: 3.4 }] },
  testPlanSha256: sha('e'),
  labelTemplate: {
    name: 'EUDV-housing',
    place: 'housing',
    symbology: 'gs1datamatrix',
    material: 'polyester',
    position: 'back, lower left',
    sizeMm: { width: 30, height: 15 },
  },
  certificateProfile: { name: 'idevid', organisation: 'Unitrail', notAfter: '99991231235959Z' },
};

/** One minute apart, so that every time of a record names its event. */
export function eventTime(seq: number): string {
  return new Date(Date.UTC(2026, 10, 23, 8, seq, 0, 125)).toISOString();
}

function event(seq: number, type: RecordEventType, body: Record<string, unknown>): RecordEvent {
  return { seq, type, at: eventTime(seq), body };
}

const atLine = { station: 'line-1', slot: 3, fence: 7, virtual: true };
const atLabel = { station: 'label-1', slot: 1, fence: 9, virtual: true };
export const sampleLabel = '0109506000134352' + '21EUDV2647-000001' + '\u001d' + '911';

const vector = [{ name: 'vcc_3v3', value: 3.291, unit: 'V', low: 3.2, high: 3.4, verdict: 'PASS' }];

export const shippedEvents: readonly RecordEvent[] = [
  event(2, 'assigned', { macBlock: 4, macs: ['70:B3:D5:00:00:04', '70:B3:D5:00:00:05'], request: sha('1') }),
  event(4, 'boardBound', {
    attempt: 1,
    try: 1,
    place: atLine,
    chipUid: '0A1B2C3D4E5F60718293A4B5',
    chipFamily: 'virt32',
    components: { U7: ['RADIO-LOT-0092', 'RADIO-LOT-0093'], U1: ['MCU-LOT-7731'] },
    boardBatch: 'PB-118',
    boardLot: 'PCB-2406-17',
  }),
  event(5, 'flashed', {
    attempt: 1,
    try: 1,
    place: atLine,
    firmwareSha256: sha('f'),
    firmwareVersion: '1.4.2',
  }),
  event(7, 'testPassed', {
    attempt: 2,
    try: 1,
    place: atLine,
    firmwareSha256: sha('f'),
    plan: 'EUDV-final',
    planSha256: sha('e'),
    verdict: 'PASS',
    results: vector,
  }),
  event(9, 'certificateIssued', {
    certificateSha256: sha('c'),
    issuer: 'CN=Unitrail development CA',
    chainNotAfter: '2036-11-20T00:00:00Z',
    serialNumber: '4f',
  }),
  event(11, 'provisioned', { attempt: 1, try: 1, place: atLine, certificateSha256: sha('c') }),
  event(13, 'printIntended', { print: 1, content: sampleLabel, place: atLabel }),
  event(14, 'printed', { print: 1, how: 'printer', place: atLabel }),
  event(16, 'labelVerified', { print: 1, content: sampleLabel, place: atLabel }),
  event(18, 'qualityPassed', { by: '17', statementSha256: sha('d'), place: atLabel }),
  event(20, 'shipped', {
    buyer: 'acme',
    carton: '106141411234567897',
    destination: 'DE',
    shipment: 'SH-0007',
  }),
];

export const shippedFacts: RecordFacts = {
  unit: {
    unitId: '00000000-0000-4000-8000-000000000001',
    issuer: 'unitrail',
    serial: 'EUDV2647-000001',
    product: 'EUDV',
    batch: 'B2647-01',
    chipUid: '0A1B2C3D4E5F60718293A4B5',
    simulated: true,
    flashedSeq: 5,
    testedSeq: 7,
    provisionedSeq: 11,
    labelSeq: 16,
    qcSeq: 18,
    labelPrint: 1,
    seq: 20,
    head: sha('9'),
  },
  order: { order: 'PO-4711', buyerPart: 'AC-77-B', attributes: { revision: 'C' } },
  recipe: sampleRecipe,
  events: shippedEvents,
  shipment: { id: 'SH-0007', carton: '106141411234567897', buyer: 'acme', destination: 'DE' },
};

export const sampleRow: UnitRow = {
  unitId: '00000000-0000-4000-8000-000000000001',
  issuer: 'unitrail',
  serial: 'EUDV2647-000001',
  product: 'EUDV',
  batch: 'B2647-01',
  batchIndex: 1,
  order: '0004711',
  state: 'Shipped',
  stateBeneath: 'Shipped',
  step: 'ship',
  attempt: 1,
  firmware: '1.4.2',
  flashedSha256: sha('f'),
  macs: ['70:B3:D5:00:00:04', '70:B3:D5:00:00:05'],
  chipUid: '0A1B2C3D4E5F60718293A4B5',
  certificateSha256: sha('c'),
  boardBatch: 'PB-118',
  boardLot: '00012',
  components: [{ position: 'U1', lots: ['MCU-LOT-7731', 'MCU-LOT-7732'] }],
  buyer: 'acme',
  destination: 'DE',
  shipment: 'SH-0007',
  carton: '106141411234567897',
  shippedAt: new Date(eventTime(20)),
  failureCode: null,
  simulated: true,
  trial: false,
  updatedAt: new Date(eventTime(20)),
  reportedFirmware: null,
  reportedSha256: null,
  reportedAt: null,
  reportedBy: null,
};
