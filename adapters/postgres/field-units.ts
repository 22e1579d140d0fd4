import type { FieldReport, NamedBy } from '../../domain/field-reports';
import type { UnitState } from '../../domain/unit-lifecycle';
import type { Reading } from '../../domain/unit-lookup';
import type { Database } from './database';

/** What a report is judged by. */
export interface FieldUnit {
  readonly unitId: string;
  readonly issuer: string;
  readonly serial: string;
  readonly state: UnitState;
  /** When its shipment left. */
  readonly leftAt: Date | null;
}

/** The units that a name may mean: more than one where two issuers gave the same serial. */
export type UnitsNamed = (name: NamedBy) => FieldUnit[];

interface Found extends FieldUnit {
  readonly kind: string;
  readonly value: string;
  /** Of the identifier, not of the unit. */
  readonly namespace: string;
}

/** Looks all names of the reports up at once, by the index of identifiers. */
export async function unitsNamed(trx: Database, reports: readonly FieldReport[]): Promise<UnitsNamed> {
  const readings = reports.flatMap(({ names }) => names.flatMap((name) => name.readings));
  const { rows } = await trx.raw<{ rows: Found[] }>(
    `select k.kind, k.value, i.issuer as namespace, u.id as "unitId", u.issuer, u.serial, u.state, s.closed_at as "leftAt"
     from (select distinct kind, value from unnest(?::text[], ?::text[]) as given(kind, value)) k
     cross join lateral (select issuer, unit_id from identifiers i
                         where i.value = k.value and i.kind = k.kind and i.unit_id is not null offset 0) i
     join units u on u.id = i.unit_id left join shipments s on s.id = u.shipment_id`,
    [readings.map(({ kind }) => kind), readings.map(({ value }) => value)],
  );
  const byValue = new Map<string, Found[]>();
  for (const row of rows) byValue.set(keyOf(row), [...(byValue.get(keyOf(row)) ?? []), row]);
  return ({ readings: ways }) => {
    const found = ways.flatMap((way) => (byValue.get(keyOf(way)) ?? []).filter((row) => fits(row, way)));
    return [...new Map(found.map((unit) => [unit.unitId, unit])).values()];
  };
}

function keyOf({ kind, value }: Pick<Reading, 'value'> & { kind: string }): string {
  return `${kind} ${value}`;
}

function fits({ namespace }: Found, { issuer }: Reading): boolean {
  return issuer === undefined || issuer === namespace;
}
