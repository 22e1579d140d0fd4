import { COUNTRY_CODES } from './country-codes';
import { isErrorCode, type ErrorCode } from './errors';
import { refusal, type Problem } from './refusal';
import { steps, unitStates, type Step } from './unit-lifecycle';
import type { ShownState } from './unit-row';

/** Which units a list holds. What is not given does not narrow it. */
export interface UnitFilter {
  /** As it is shown: OnHold is a state here, and hides the one beneath. */
  readonly state?: ShownState;
  readonly step?: Step;
  readonly batch?: string;
  readonly order?: string;
  readonly product?: string;
  /** The release that is in the unit, or to which it is pinned. */
  readonly firmware?: string;
  /** The version that the device said last. */
  readonly reportedFirmware?: string;
  /** What it runs as far as is known: what it said last, else what was shipped. */
  readonly runningFirmware?: string;
  /** It said last that it runs something else than was shipped. */
  readonly firmwareDiffers?: boolean;
  readonly boardLot?: string;
  /** In any position. */
  readonly componentLot?: string;
  readonly buyer?: string;
  /** ISO 3166-1 alpha-2. */
  readonly destination?: string;
  readonly failureCode?: ErrorCode;
  /** From this instant on. */
  readonly shippedAfter?: Date;
  /** Up to this instant, which is not in it. */
  readonly shippedBefore?: Date;
  readonly limit?: number;
}

export const MAX_UNITS = 1_000_000;
export const shownStates: readonly ShownState[] = [...unitStates, 'OnHold'];

type Reader = (text: string) => UnitFilter[keyof UnitFilter] | undefined;

interface Field {
  readonly key: keyof UnitFilter;
  readonly allowed: string;
  /** Undefined where the text is not allowed. */
  readonly read: Reader;
}

const day = 'a day YYYY-MM-DD (it begins at 00:00 UTC) or an instant such as 2026-11-23T08:00:00Z';
const name = { allowed: '1 to 128 characters on one line', read: readName };

/** By the option's name on the command line. */
const fields: Readonly<Record<string, Field>> = {
  state: { key: 'state', allowed: `one of ${shownStates.join(', ')}`, read: oneOf(shownStates) },
  step: { key: 'step', allowed: `one of ${steps.join(', ')}`, read: oneOf(steps) },
  batch: { key: 'batch', ...name },
  order: { key: 'order', ...name },
  product: { key: 'product', ...name },
  firmware: { key: 'firmware', ...name },
  'reported-firmware': { key: 'reportedFirmware', ...name },
  'running-firmware': { key: 'runningFirmware', ...name },
  'firmware-differs': { key: 'firmwareDiffers', allowed: 'nothing behind it', read: () => true },
  'board-lot': { key: 'boardLot', ...name },
  'component-lot': { key: 'componentLot', ...name },
  buyer: { key: 'buyer', ...name },
  country: {
    key: 'destination',
    allowed: 'a country by ISO 3166-1 alpha-2, such as DE',
    read: oneOf(COUNTRY_CODES),
  },
  failure: {
    key: 'failureCode',
    allowed: 'a code of the error catalogue, such as TEST_FAILED',
    read: readErrorCode,
  },
  'shipped-after': { key: 'shippedAfter', allowed: day, read: readInstant },
  'shipped-before': { key: 'shippedBefore', allowed: day, read: readInstant },
  limit: { key: 'limit', allowed: `a whole number from 1 to ${MAX_UNITS}`, read: readLimit },
};

export type FilterOption = keyof typeof fields;
export const filterOptions: readonly FilterOption[] = Object.keys(fields);

/**
 * Reads what a person typed, by option name.
 * @throws UnitrailError INPUT_INVALID with every problem: option, value and what is allowed.
 */
export function parseUnitFilter(typed: Readonly<Record<string, string | true | undefined>>): UnitFilter {
  const problems: Problem[] = [];
  const filter: Partial<Record<keyof UnitFilter, unknown>> = {};
  for (const [option, text] of Object.entries(typed)) {
    const field = fields[option];
    if (text === undefined || !field) continue;
    const value = field.read(String(text));
    if (value === undefined) problems.push({ path: [`--${option}`], value: text, allowed: field.allowed });
    else filter[field.key] = value;
  }
  if (problems.length > 0) throw refusal('INPUT_INVALID', 'The filter', problems);
  return filter as UnitFilter;
}

/** Any case on the keyboard, the right one in the filter. */
function oneOf(values: readonly string[]): Reader {
  return (text) =>
    values.find((value) => value.toLowerCase() === text.toLowerCase()) as ShownState | undefined;
}

function readName(text: string): string | undefined {
  return /^[^\p{Cc}\p{Cs}]{1,128}$/u.test(text) ? text : undefined;
}

function readErrorCode(text: string): ErrorCode | undefined {
  const code = text.toUpperCase();
  return isErrorCode(code) ? code : undefined;
}

function readLimit(text: string): number | undefined {
  const limit = /^[0-9]{1,7}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= MAX_UNITS ? limit : undefined;
}

const INSTANT =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$/;

/** A day begins at 00:00 UTC. Undefined where the text is neither a day nor an instant. */
export function readInstant(text: string): Date | undefined {
  const [, date, time] = INSTANT.exec(text) ?? [];
  if (date === undefined || !isCalendarDate(date)) return undefined;
  const instant = new Date(time === undefined ? `${date}T00:00:00Z` : text);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}

/** Date would make 2 March of 30 February. */
function isCalendarDate(date: string): boolean {
  const midnight = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
}
