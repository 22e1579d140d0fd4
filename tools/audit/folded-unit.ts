import { textFact, type Facts, type ReadEvent } from './stored-event';
import type { UnitRow } from './unit-rows';

export type SecondaryKind = 'imei' | 'asset' | 'certificate-serial';
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
  /** What it was pinned to when it was claimed: a rework may change it. */
  claimed: Pick<UnitRow, 'recipeSha256' | 'firmwareVersion' | 'firmwareSha256'>;
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
  /** Certificates that are void because the unit was missing. */
  readonly revoked: Set<string>;
  /** What was said after its record was sealed. */
  readonly amendments: ReadEvent[];
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
    claimed: { recipeSha256: '', firmwareVersion: '', firmwareSha256: '' },
    testedSha256: null,
    lots: new Map(),
    holds: new Map(),
    tries: new Map(),
    confirmed: new Map(),
    identifiers: new Map(),
    moves: [],
    newest: new Map(),
    rests: [],
    revoked: new Set(),
    amendments: [],
    holdsAtShipping: [],
  };
}
export function openHolds(unit: FoldedUnit): string[] {
  return [...unit.holds].filter(([, hold]) => hold.releasedSeq === null).map(([id]) => id);
}

export function addIdentifier(unit: FoldedUnit, identifier: FoldedIdentifier): void {
  const key = identifierKey(identifier);
  if (!unit.identifiers.has(key)) unit.identifiers.set(key, identifier);
}

/** The identifier that a recording or a withdrawal names, where the unit has it. */
export function namedIdentifier(unit: FoldedUnit, facts: Facts): FoldedIdentifier | undefined {
  const text = (name: string): string => textFact(facts, name) ?? '';
  return unit.identifiers.get(
    identifierKey({ issuer: text('issuer'), kind: text('kind'), value: text('value') }),
  );
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
