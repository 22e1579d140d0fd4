import { endStates, transition, type Step, type UnitState } from './unit-lifecycle';
import { shownState, type ShownState } from './unit-row';

/** An event of a unit's history, with what a shift's report needs of its body. */
export interface ShiftEvent {
  readonly type: string;
  readonly at: Date;
  /** Of a rework. */
  readonly step: Step | null;
  /** Why it was held. */
  readonly code: string | null;
  /** The id of a quality hold. */
  readonly hold: string | null;
}

/** The event types that move a unit, or hold it. */
export const shiftTypes: readonly string[] = [
  ...['claimed', 'assigned', 'flashed', 'testPassed', 'provisioned', 'labelVerified', 'qualityPassed'],
  ...[
    'held',
    'retried',
    'reworked',
    'scrapped',
    'voided',
    'missing',
    'found',
    'packed',
    'unpacked',
    'shipped',
  ],
  ...['holdOpened', 'holdReleased'],
];

/** From this instant on, up to the other, which is not in it. */
export interface Window {
  readonly from: Date;
  readonly to: Date;
}

/** What became of units in the window, each unit once in each figure. */
export interface ShiftFigures {
  /** Passed QC and was ready to ship. */
  made: number;
  shipped: number;
  scrapped: number;
  missing: number;
  /** Held for an engineer at least once. */
  held: number;
}

/** A unit that is neither ready nor ended. */
export interface Place {
  readonly state: ShownState;
  readonly step: Step;
}

export interface ShiftReport extends Window {
  readonly batches: readonly ({ readonly batch: string } & Readonly<ShiftFigures>)[];
  readonly held: readonly { readonly code: string; readonly batch: string; readonly units: number }[];
  /** What the next shift finds: in progress, held for an engineer, on quality hold, or missing. */
  readonly open: readonly ({ readonly batch: string; readonly units: number } & Place)[];
}

const figureOf: Readonly<Record<string, keyof ShiftFigures>> = {
  qualityPassed: 'made',
  shipped: 'shipped',
  scrapped: 'scrapped',
  missing: 'missing',
  held: 'held',
};

/** One unit's part of the report. */
export interface UnitShift {
  readonly figures: ReadonlySet<keyof ShiftFigures>;
  readonly codes: ReadonlySet<string>;
  /** Where it stood at the window's end; null where it was not there yet. */
  readonly place: Place | null;
}

/** Follows a unit's history to the end of the window. A late result moves nothing, and is nothing that was made. */
export function unitShift(events: readonly ShiftEvent[], { from, to }: Window): UnitShift {
  const [figures, codes, holds] = [new Set<keyof ShiftFigures>(), new Set<string>(), new Set<string>()];
  let standing: { state: UnitState | 'None'; step: Step } = { state: 'None', step: 'assign' };
  for (const { type, at, step, code, hold } of events) {
    if (at >= to) break;
    const moved = transition(standing, type, step ?? undefined);
    if (!moved.ok) continue;
    if (type === 'holdOpened') holds.add(hold ?? '');
    if (type === 'holdReleased') holds.delete(hold ?? '');
    const figure = moved.state === standing.state ? undefined : figureOf[type];
    if (figure && at >= from) figures.add(figure);
    if (figure === 'held' && at >= from) codes.add(code ?? 'UNKNOWN');
    standing = moved;
  }
  const { state, step } = standing;
  const place = state === 'None' ? null : { state: shownState(state, holds.size > 0), step };
  return { figures, codes, place };
}

/** Ready and packed units wait for nobody, and what has ended is not handed over. */
export function isHandedOver({ state }: Place): boolean {
  return state !== 'ReadyToShip' && state !== 'Packed' && !endStates.some((end) => end === state);
}

/** Adds units up, a report's lines in the order of batch, code, step. */
export class ShiftSums {
  private readonly batches = new Map<string, ShiftFigures>();
  private readonly held = new Map<string, { code: string; batch: string; units: number }>();
  private readonly open = new Map<string, { batch: string; units: number } & Place>();

  add(batch: string, { figures, codes, place }: UnitShift): void {
    for (const figure of figures) this.figuresOf(batch)[figure] += 1;
    for (const code of codes) {
      const line = getOr(this.held, `${code}/${batch}`, () => ({ code, batch, units: 0 }));
      line.units += 1;
    }
    if (place) this.addOpen(batch, place, 1);
  }

  addOpen(batch: string, place: Place, units: number): void {
    if (!isHandedOver(place)) return;
    const { state, step } = place;
    getOr(this.open, `${batch}/${step}/${state}`, () => ({ batch, state, step, units: 0 })).units += units;
  }

  report({ from, to }: Window): ShiftReport {
    const batches = [...this.batches].map(([batch, figures]) => ({ batch, ...figures }));
    return {
      from,
      to,
      batches: batches.sort((a, b) => compare(a.batch, b.batch)),
      held: [...this.held.values()].sort(
        (a, b) => b.units - a.units || compare(a.code, b.code) || compare(a.batch, b.batch),
      ),
      open: [...this.open.entries()].sort(([a], [b]) => compare(a, b)).map(([, line]) => line),
    };
  }

  private figuresOf(batch: string): ShiftFigures {
    return getOr(this.batches, batch, () => ({ made: 0, shipped: 0, scrapped: 0, missing: 0, held: 0 }));
  }
}

function getOr<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
