import type { Census } from './census';
import type { Findings } from './findings';
import type { Snapshot } from './snapshot';

interface SlotRow {
  readonly station: string;
  readonly slot: number;
  readonly fence: number;
  readonly state: string;
  readonly unit: string | null;
  readonly serial: string | null;
  readonly unitState: string | null;
}

/** A11. */
export async function checkSlots(snapshot: Snapshot, census: Census, findings: Findings): Promise<void> {
  const slots = await snapshot.rows<SlotRow>(
    `select s.station, s.slot, s.fence, s.state, s.unit_id as unit, u.serial, u.state as "unitState"
     from slots s left join units u on u.id = s.unit_id order by s.station, s.slot`,
  );
  const held = new Map<string, string>();
  for (const slot of slots) {
    checkOccupant(slot, held, findings);
    checkFence(slot, census, findings);
  }
  const known = new Set(slots.map(nameOf));
  for (const place of census.fences.keys()) {
    if (!known.has(`slot ${place}`))
      findings.violation('A11', `slot ${place}`, 'events of a slot that is not there', 'a permanent slot');
  }
}

function checkOccupant(slot: SlotRow, held: Map<string, string>, findings: Findings): void {
  const name = nameOf(slot);
  if ((slot.state === 'free') !== (slot.unit === null)) {
    findings.violation(
      'A11',
      name,
      `${slot.state}, unit ${slot.unit ?? 'none'}`,
      'free without a unit, or a unit that holds it',
    );
  }
  if (slot.unit === null) return;
  const unit = slot.serial ?? slot.unit;
  const other = held.get(slot.unit);
  if (other) findings.violation('A11', `unit ${unit}`, `${other} and ${name}`, 'one slot at most');
  held.set(slot.unit, name);
  if (slot.serial === null)
    findings.violation('A11', name, `held by unit ${slot.unit}`, 'a unit that exists');
  const ended = ['Shipped', 'Scrapped', 'Missing', 'Void'].includes(slot.unitState ?? '');
  // The sweep frees it in a moment: worth a look, no broken promise.
  if (ended && slot.state === 'leased')
    findings.note(
      `${name} is leased to unit ${unit}, which is ${slot.unitState}: the sweep has not come by yet.`,
    );
}

function checkFence(slot: SlotRow, census: Census, findings: Findings): void {
  const highest = census.fences.get(`${slot.station}/${slot.slot}`) ?? 0;
  if (highest <= slot.fence) return;
  findings.violation('A11', nameOf(slot), `fence ${slot.fence}`, `at least ${highest}, which an event names`);
}

function nameOf({ station, slot }: Pick<SlotRow, 'station' | 'slot'>): string {
  return `slot ${station}/${slot}`;
}
