import {
  addIdentifier,
  namedIdentifier,
  CERTIFICATE_ISSUER,
  MAC_ISSUER,
  openHolds,
  type FoldedIdentifier,
  type FoldedUnit,
  type IdentifierKind,
  type SecondaryKind,
} from './folded-unit';
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
    if (value !== null && unit.row.state === 'Missing') unit.revoked.add(value);
  },
  identified: (unit, body) => {
    const kind = textFact(body, 'kind') as SecondaryKind;
    addIdentifier(unit, applied(textFact(body, 'issuer') ?? '', kind, textFact(body, 'value') ?? ''));
  },
  identifierWithdrawn: (unit, body) => {
    const identifier = namedIdentifier(unit, body);
    if (identifier) identifier.state = 'void';
  },
  provisioned: ({ row }, _, { seq }) => void (row.provisionedSeq = seq),
  printIntended: ({ row }, body) => {
    row.prints = numberFact(body, 'print') ?? 0;
    row.openPrint = row.prints;
  },
  printAbsent: ({ row }, body) => {
    row.openPrint = null;
    if (row.labelPrint === numberFact(body, 'print')) row.labelPrint = null;
  },
  printed: labelIsOn,
  printFound: labelIsOn,
  labelVerified: ({ row }, _, { seq }) => void (row.labelSeq = seq),
  qualityPassed: ({ row }, _, { seq }) => void (row.qcSeq = seq),
  held: ({ row }, body) =>
    void Object.assign(row, { failureCode: textFact(body, 'code'), carton: null, shipment: null }),
  retried: ({ row }) => void (row.failureCode = null),
  scrapped: leavesCarton,
  missing: goMissing,
  voided: ({ row }) => void (row.failureCode = null),
  found: ({ row }) => void (row.failureCode = null),
  reworked: rework,
  packed: ({ row }, body) => {
    row.carton = textFact(body, 'carton');
    row.shipment = textFact(body, 'shipment');
  },
  unpacked: ({ row }) => void Object.assign(row, { carton: null, shipment: null }),
  shipped: (unit) => void (unit.holdsAtShipping = openHolds(unit)),
  recordCorrected: (unit, _, event) => void unit.amendments.push(event),
  unitReturned: (unit, _, event) => void unit.amendments.push(event),
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
  const { recipeSha256, firmwareVersion, firmwareSha256 } = unit.row;
  unit.claimed = { recipeSha256, firmwareVersion, firmwareSha256 };
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

/** Whoever has the unit has its key. */
function goMissing(unit: FoldedUnit): void {
  leavesCarton(unit);
  const { certificateSha256 } = unit.row;
  if (certificateSha256 === null) return;
  unit.revoked.add(certificateSha256);
  unit.row.provisionedSeq = null;
}

/** A rework voids the label, and what stands on the steps that are done again. */
function rework({ row }: FoldedUnit, body: Facts, { seq }: ReadEvent): void {
  Object.assign(row, { reworkSeq: seq, failureCode: null, labelPrint: null, labelSeq: null, qcSeq: null });
  Object.assign(row, { openPrint: null, carton: null, shipment: null });
  const [recipeSha256, firmwareSha256] = [textFact(body, 'recipeSha256'), textFact(body, 'firmwareSha256')];
  const firmwareVersion = textFact(body, 'firmwareVersion');
  if (recipeSha256 !== null) Object.assign(row, { recipeSha256, firmwareSha256, firmwareVersion });
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
