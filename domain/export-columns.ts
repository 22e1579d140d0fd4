import {
  measurementField,
  namedFields,
  unitFields,
  type ExportColumn,
  type ShippedUnit,
} from './export-fields';
import type { ExportColumnChoice } from './export-settings';
import { refusal, type Problem } from './refusal';

/** Excel's own limit, and far more than anybody reads. */
export const MAX_COLUMNS = 16_384;
const MAX_NAME_CHARACTERS = 100;
const NAMED = /^([a-z]+):(.{1,60})$/su;

/** What is wrong with a buyer's choice of columns; nothing where it is fine. */
export function columnProblems(choices: readonly ExportColumnChoice[] | null): Problem[] {
  if (choices === null) return [];
  if (choices.length === 0 || choices.length > MAX_COLUMNS)
    return [{ path: ['columns'], value: choices, allowed: `from 1 to ${MAX_COLUMNS} columns` }];
  return [...choices.flatMap(fieldProblems), ...choices.flatMap(nameProblems), ...doubledNames(choices)];
}

function fieldProblems({ field }: ExportColumnChoice, at: number): Problem[] {
  if (findField(field)) return [];
  const named = ['attribute:NAME', 'component:POSITION', 'label:PLACE', 'mac:NUMBER'];
  const allowed = `one of ${[...unitFields.map(({ name }) => name), ...named].join(', ')}`;
  return [{ path: ['columns', at, 'field'], value: field, allowed }];
}

function nameProblems({ name }: ExportColumnChoice, at: number): Problem[] {
  if (
    name === undefined ||
    (name.trim() !== '' && name.length <= MAX_NAME_CHARACTERS && !/\p{Cc}/u.test(name))
  )
    return [];
  const allowed = `a text of 1 to ${MAX_NAME_CHARACTERS} characters on one line`;
  return [{ path: ['columns', at, 'name'], value: name, allowed }];
}

/** A program at the buyer's looks for a column by its name. */
function doubledNames(choices: readonly ExportColumnChoice[]): Problem[] {
  const names = choices.map(({ field, name }) => name ?? field);
  return names.flatMap((name, at) =>
    names.indexOf(name) === at
      ? []
      : [{ path: ['columns', at, 'name'], value: name, allowed: 'a name that no other column has' }],
  );
}

/**
 * The columns of the units as the buyer wants them, and behind them one for each of the measurements.
 * @throws UnitrailError INPUT_INVALID with every choice that is wrong
 */
export function chosenColumns(
  choices: readonly ExportColumnChoice[] | null,
  measurements: readonly string[] = [],
): ExportColumn<ShippedUnit>[] {
  const problems = columnProblems(choices);
  if (problems.length > 0) throw refusal('INPUT_INVALID', "The export's settings", problems);
  const chosen = choices === null ? [...unitFields] : choices.map(chosenColumn);
  const taken = new Set(chosen.flatMap(({ name, heading }) => [name, heading]));
  for (const measurement of measurements) {
    const heading = freeName(measurement, taken);
    taken.add(heading);
    chosen.push(measurementField(measurement, heading));
  }
  if (chosen.length <= MAX_COLUMNS) return chosen;
  const allowed = `at most ${MAX_COLUMNS} columns; without the test vector there are ${chosen.length - measurements.length}`;
  throw refusal('INPUT_INVALID', "The export's settings", [{ path: ['testColumns'], value: true, allowed }]);
}

function chosenColumn({ field, name }: ExportColumnChoice): ExportColumn<ShippedUnit> {
  const found = findField(field)!;
  return name === undefined ? found : { ...found, name, heading: name };
}

function findField(field: string): ExportColumn<ShippedUnit> | undefined {
  const plain = unitFields.find(({ name }) => name === field);
  if (plain) return plain;
  const [, kind = '', name = ''] = NAMED.exec(field) ?? [];
  if (!Object.hasOwn(namedFields, kind)) return undefined;
  if (kind === 'mac' && !/^[1-9][0-9]?$/.test(name)) return undefined;
  return namedFields[kind]!(name);
}

/** A plan may call a measurement as a buyer calls a column. */
function freeName(measurement: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? measurement : `${measurement} (test${number === 2 ? '' : ` ${number - 1}`})`;
    if (!taken.has(name)) return name;
  }
}

/** The names of all measurements, in the order in which they first appear. Only their names are kept. */
export async function measurementNames(units: AsyncIterable<ShippedUnit>): Promise<string[]> {
  const names = new Set<string>();
  const plans = new Set<string>();
  for await (const { record } of units) {
    if (!record.test || plans.has(record.test.planSha256 ?? '')) continue;
    // A plan is pinned by its digest: all units that were tested by it have the same measurements.
    if (record.test.planSha256 !== null) plans.add(record.test.planSha256);
    for (const { name } of record.test.results) names.add(name);
    // chosenColumns refuses more.
    if (names.size > MAX_COLUMNS) break;
  }
  return [...names];
}
