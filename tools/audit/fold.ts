import { steps, stepNumber, type Step } from '../../domain/unit-lifecycle';
import { hasIdentifierEffect, identifierEffect, eventKinds, transitionFrom } from './lifecycle-tables';
import {
  factsOf,
  innerFacts,
  listFact,
  numberFact,
  textFact,
  type Facts,
  type ReadEvent,
} from './stored-event';
import type { UnitRow } from './unit-rows';

type SecondaryKind = 'imei' | 'asset' | 'certificate-serial';
export type IdentifierKind = 'serial' | 'mac' | 'chip-uid' | 'certificate' | SecondaryKind;

export interface FoldedIdentifier {
  readonly issuer: string;
  readonly kind: IdentifierKind;
  readonly value: string;
  readonly block: number | null;
  readonly ordinal: number | null;
  state: string;
}

/** Numbers of a block that an event moved from one account to another. */
export interface Move {
  readonly block: number;
  readonly from: string;
  readonly to: string;
  readonly quantity: number;
}

export interface Hold {
  readonly reason: string;
  readonly openedSeq: number;
  releasedSeq: number | null;
}

/** Where the events alone leave a unit. */
export interface FoldedUnit {
  readonly id: string;
  readonly row: UnitRow;
  order: string | null;
  /** The firmware of the newest passed test. */
  testedSha256: string | null;
  readonly lots: Map<string, readonly unknown[]>;
  readonly holds: Map<string, Hold>;
  /** Callers of the tries, by `part/attempt`, in the order of the tries. */
  readonly tries: Map<string, string[]>;
  /** When each print was first known to be on the unit. */
  readonly confirmed: Map<number, string>;
  readonly identifiers: Map<string, FoldedIdentifier>;
  readonly moves: Move[];
  /** The newest event of each type. */
  readonly newest: Map<string, ReadEvent>;
  /** When the unit last left its rest (ready to ship, held or ended), and whether it is at rest. */
  readonly rests: { readonly at: string; readonly resting: boolean }[];
  /** Open holds at the moment of shipping. */
  holdsAtShipping: string[];
}

export const MAC_ISSUER = 'ieee';
export const CERTIFICATE_ISSUER = 'device-ca';

export function newUnit(id: string): FoldedUnit {
  return {
    id,
    row: emptyRow(),
    order: null,
    testedSha256: null,
    lots: new Map(),
    holds: new Map(),
    tries: new Map(),
    confirmed: new Map(),
    identifiers: new Map(),
    moves: [],
    newest: new Map(),
    rests: [],
    holdsAtShipping: [],
  };
}

/** Applies one event, allowed or not: what is forbidden moves no state, but its facts did reach the rows. */
export function fold(unit: FoldedUnit, event: ReadEvent): void {
  const { row } = unit;
  if (innerFacts(event.facts, 'place').virtual === true) row.simulated = true;
  openTry(unit, event);
  facts[event.type]?.(unit, event.facts, event);
  if (hasIdentifierEffect(event.type)) moveIdentifiers(unit, event.type);
  move(unit, event);
  row.updatedAt = event.at;
  unit.newest.set(event.type, event);
}

export function openHolds(unit: FoldedUnit): string[] {
  return [...unit.holds].filter(([, hold]) => hold.releasedSeq === null).map(([id]) => id);
}

export function addIdentifier(unit: FoldedUnit, identifier: FoldedIdentifier): void {
  const key = identifierKey(identifier);
  if (!unit.identifiers.has(key)) unit.identifiers.set(key, identifier);
}

export function identifierKey(one: { issuer: string; kind: string; value: string }): string {
  return `${one.issuer}|${one.kind}|${one.value}`;
}

function emptyRow(): UnitRow {
  return {
    ...{ batch: '', index: 0, issuer: '', serial: '', product: '', recipeSha256: '' },
    ...{ firmwareVersion: '', firmwareSha256: '', trial: false, state: 'None', step: 'assign' },
    ...{ attempts: [0, 0, 0, 0, 0, 0, 0], chipUid: null, certificateSha256: null, boardLot: null },
    ...{ flashedSha256: null, flashedSeq: null, testedSeq: null, provisionedSeq: null, labelSeq: null },
    ...{ qcSeq: null, reworkSeq: null, prints: 0, openPrint: null, labelPrint: null, failureCode: null },
    ...{ simulated: false, carton: null, shipment: null, updatedAt: '' },
  };
}

/** What each type says of the unit. A type that is not here says nothing that a row would hold. */
const facts: Record<string, (unit: FoldedUnit, body: Facts, event: ReadEvent) => void> = {
  claimed: claim,
  assigned: assign,
  boardBound: bindBoard,
  flashed: ({ row }, body, { seq }) => {
    row.flashedSeq = seq;
    row.flashedSha256 = textFact(body, 'firmwareSha256');
  },
  testPassed: (unit, body, { seq }) => {
    unit.row.testedSeq = seq;
    unit.testedSha256 = textFact(body, 'firmwareSha256');
  },
  certificateIssued: (unit, body) => {
    const value = textFact(body, 'certificateSha256');
    unit.row.certificateSha256 = value;
    if (value !== null) addIdentifier(unit, applied(CERTIFICATE_ISSUER, 'certificate', value));
  },
  identified: (unit, body) => {
    const kind = textFact(body, 'kind') as SecondaryKind;
    addIdentifier(unit, applied(textFact(body, 'issuer') ?? '', kind, textFact(body, 'value') ?? ''));
  },
  provisioned: ({ row }, _, { seq }) => void (row.provisionedSeq = seq),
  printIntended: ({ row }, body) => {
    row.prints = numberFact(body, 'print') ?? 0;
    row.openPrint = row.prints;
  },
  printAbsent: ({ row }) => void (row.openPrint = null),
  printed: labelIsOn,
  printFound: labelIsOn,
  labelVerified: ({ row }, _, { seq }) => void (row.labelSeq = seq),
  qualityPassed: ({ row }, _, { seq }) => void (row.qcSeq = seq),
  held: ({ row }, body) => void (row.failureCode = textFact(body, 'code')),
  retried: ({ row }) => void (row.failureCode = null),
  scrapped: leavesCarton,
  missing: leavesCarton,
  voided: ({ row }) => void (row.failureCode = null),
  found: ({ row }) => void (row.failureCode = null),
  reworked: rework,
  packed: ({ row }, body) => {
    row.carton = textFact(body, 'carton');
    row.shipment = textFact(body, 'shipment');
  },
  unpacked: ({ row }) => void Object.assign(row, { carton: null, shipment: null }),
  shipped: (unit) => void (unit.holdsAtShipping = openHolds(unit)),
  holdOpened: ({ holds }, body, { seq }) => {
    holds.set(textFact(body, 'hold') ?? '', {
      reason: textFact(body, 'reason') ?? '',
      openedSeq: seq,
      releasedSeq: null,
    });
  },
  holdReleased: ({ holds }, body, { seq }) => {
    const hold = holds.get(textFact(body, 'hold') ?? '');
    if (hold && hold.releasedSeq === null) hold.releasedSeq = seq;
  },
};

function claim(unit: FoldedUnit, body: Facts): void {
  const text = (name: string): string => textFact(body, name) ?? '';
  unit.order = textFact(body, 'order');
  Object.assign(unit.row, {
    ...{
      batch: text('batch'),
      index: numberFact(body, 'index') ?? 0,
      issuer: text('issuer'),
      serial: text('serial'),
    },
    ...{
      product: text('product'),
      recipeSha256: text('recipeSha256'),
      firmwareVersion: text('firmwareVersion'),
    },
    ...{ firmwareSha256: text('firmwareSha256'), trial: body.trial === true },
  });
  const block = numberFact(body, 'block');
  const { issuer, serial: value } = unit.row;
  addIdentifier(unit, {
    issuer,
    kind: 'serial',
    value,
    block,
    ordinal: numberFact(body, 'ordinal'),
    state: 'assigned',
  });
  if (block !== null) unit.moves.push({ block, from: 'reserved', to: 'assigned', quantity: 1 });
}

/** A unit's addresses are its run in the batch's block: as many before it as the units before it take. */
function assign(unit: FoldedUnit, body: Facts): void {
  const macs = listFact(body, 'macs');
  const block = numberFact(body, 'macBlock');
  if (block === null || macs.length === 0) return;
  const before = (unit.row.index - 1) * macs.length;
  macs.forEach((value, at) => {
    addIdentifier(unit, {
      issuer: MAC_ISSUER,
      kind: 'mac',
      value: String(value),
      block,
      ordinal: before + at,
      state: 'assigned',
    });
  });
  unit.moves.push({ block, from: 'reserved', to: 'assigned', quantity: macs.length });
}

function bindBoard(unit: FoldedUnit, body: Facts): void {
  unit.row.chipUid = textFact(body, 'chipUid');
  unit.row.boardLot = textFact(body, 'boardLot');
  addIdentifier(unit, applied(textFact(body, 'chipFamily') ?? '', 'chip-uid', unit.row.chipUid ?? ''));
  unit.lots.clear();
  for (const [position, lots] of Object.entries(innerFacts(body, 'components'))) {
    unit.lots.set(position, Array.isArray(lots) ? lots : []);
  }
}

function labelIsOn({ row, confirmed }: FoldedUnit, body: Facts, { at }: ReadEvent): void {
  row.labelPrint = numberFact(body, 'print');
  if (row.labelPrint !== null && !confirmed.has(row.labelPrint)) confirmed.set(row.labelPrint, at);
  row.openPrint = null;
}

/** A scrapped or missing unit is in no carton. */
function leavesCarton({ row }: FoldedUnit): void {
  Object.assign(row, { failureCode: null, carton: null, shipment: null });
}

/** A rework voids the label, and what stands on the steps that are done again. */
function rework({ row }: FoldedUnit, body: Facts, { seq }: ReadEvent): void {
  Object.assign(row, { reworkSeq: seq, failureCode: null, labelPrint: null, labelSeq: null, qcSeq: null });
  Object.assign(row, { openPrint: null, carton: null, shipment: null });
  const from = stepNumber(body.step as Step);
  if (from <= stepNumber('test')) row.testedSeq = null;
  if (from <= stepNumber('provision')) row.provisionedSeq = null;
}

function applied(issuer: string, kind: IdentifierKind, value: string): FoldedIdentifier {
  return { issuer, kind, value, block: null, ordinal: null, state: 'applied' };
}

function moveIdentifiers(unit: FoldedUnit, type: string): void {
  const moved = new Map<string, number>();
  for (const identifier of unit.identifiers.values()) {
    const to = identifierEffect(type, identifier.state);
    if (to === null) continue;
    const key = `${identifier.block} ${identifier.state} ${to}`;
    if (identifier.block !== null) moved.set(key, (moved.get(key) ?? 0) + 1);
    identifier.state = to;
  }
  for (const [key, quantity] of moved) {
    const [block, from, to] = key.split(' ') as [string, string, string];
    unit.moves.push({ block: Number(block), from, to, quantity });
  }
}

function openTry(unit: FoldedUnit, event: ReadEvent): void {
  const kind = eventKinds.get(event.type);
  if (kind?.nature !== 'intent' || kind.part === null) return;
  const attempt = attemptOf(unit, kind.part);
  const key = `${kind.part}/${attempt}`;
  unit.tries.set(key, [...(unit.tries.get(key) ?? []), textFact(event.facts, 'caller') ?? '']);
}

/** Attempts opened so far of the step that a part belongs to. */
export function attemptOf(unit: FoldedUnit, part: string): number {
  return unit.row.attempts[steps.indexOf(part.split('.')[0] as Step)] ?? 0;
}

function move(unit: FoldedUnit, event: ReadEvent): void {
  const { row } = unit;
  const allowed = transitionFrom(row.state, row.step as Step, event.type);
  if (!allowed) return;
  row.state = allowed.toState;
  const named = factsOf(event.facts).step as Step;
  row.step = allowed.toStep === '*' ? named : (allowed.toStep ?? row.step);
  const at = steps.indexOf(row.step as Step);
  if (allowed.opensAttempt && at >= 0) row.attempts[at] = (row.attempts[at] ?? 0) + 1;
  noteRest(unit, event.at);
}

function noteRest(unit: FoldedUnit, at: string): void {
  const resting = unit.row.state !== 'InProgress' || openHolds(unit).length > 0;
  if (unit.rests.at(-1)?.resting !== resting) unit.rests.push({ at, resting });
}
