import { z } from 'zod';
import { isPlaceholder, PLACEHOLDER_ALLOWED, reworkSteps } from './decision';
import { isErrorCode, type ErrorCode } from './errors';
import * as field from './fields';
import { parseShape } from './parsing';
import { refusal, type Problem } from './refusal';
import { resolveActions, type ResolveRequest, type UnitSelector } from './resolution';
import { readInstant } from './unit-filter';
import { endStates, steps, unitStates, type Step, type UnitState } from './unit-lifecycle';

const MAX_SERIALS = 5_000;
const openStates = unitStates.filter((state) => !endStates.includes(state)) as [UnitState, ...UnitState[]];
const kind = { code: 'INPUT_INVALID', title: 'The input of resolveUnits' } as const;

const operator = field.patternText(
  /^[0-9A-Za-z-]{1,16}$/,
  'an operator number of up to 16 letters, digits and "-"',
);

/** A separator of event headers has no place in what a hold says. */
const note = field
  .lineOfText(200)
  .refine((text) => !text.includes('|'), { error: 'text without "|"' })
  .refine((text) => !isPlaceholder(text), { error: PLACEHOLDER_ALLOWED });

const instantAllowed = 'a day YYYY-MM-DD (it begins at 00:00 UTC) or an instant such as 2026-11-23T08:00:00Z';
/** As UTC with milliseconds, so that texts compare as times do. */
const instant = z
  .string({ error: instantAllowed })
  .refine((text) => readInstant(text) !== undefined, { error: instantAllowed })
  .transform((text) => readInstant(text)!.toISOString());

const failureCode = z
  .string({ error: 'a code of the error catalogue, such as TEST_FAILED' })
  .refine(isErrorCode, { error: 'a code of the error catalogue, such as TEST_FAILED' })
  .transform((code) => code as ErrorCode);

const selectorShape = {
  state: field.oneOf(openStates).exactOptional(),
  step: field.oneOf(steps).exactOptional(),
  batch: field.identifier().exactOptional(),
  order: field.identifier().exactOptional(),
  product: field.identifier().exactOptional(),
  failureCode: failureCode.exactOptional(),
  firmware: field.identifier().exactOptional(),
  station: field.identifier().exactOptional(),
  from: instant.exactOptional(),
  to: instant.exactOptional(),
  boardLot: field.identifier().exactOptional(),
  componentLot: field.identifier().exactOptional(),
  carton: field.lineOfText(64).exactOptional(),
  serials: field.distinctList(field.lineOfText(128), 1, MAX_SERIALS).exactOptional(),
};

export const selectorFields = Object.keys(selectorShape) as (keyof UnitSelector)[];

const schema = field.fields({
  action: field.oneOf(resolveActions),
  by: operator,
  note: note.exactOptional(),
  toStep: field.oneOf(reworkSteps as [Step, ...Step[]]).exactOptional(),
  toFirmware: field.identifier().exactOptional(),
  hold: field.identifier().exactOptional(),
  dryRun: field.flag().default(false),
  ...selectorShape,
}) as z.ZodType<ResolveRequest>;

/**
 * What an engineer typed into the web UI's form, or a command sent: one flat JSON object.
 * @throws UnitrailError INPUT_INVALID with every problem: field, value and what is allowed.
 */
export function parseResolveRequest(input: unknown): ResolveRequest {
  const request = parseShape(kind, schema, withTextOperator(input));
  const problems = problemsOf(request);
  if (problems.length > 0) throw refusal(kind.code, kind.title, problems);
  return request;
}

/** In a box of JSON people write a number as a number. */
function withTextOperator(input: unknown): unknown {
  const by = (input as { by?: unknown } | null | undefined)?.by;
  return typeof by === 'number' ? { ...(input as object), by: String(by) } : input;
}

/** What fields say of each other. */
function problemsOf(request: ResolveRequest): Problem[] {
  const { action, toStep, toFirmware, hold, from, to } = request;
  const named = selectorFields.filter((name) => request[name] !== undefined);
  const isHold = action === 'hold' || action === 'release';
  return [
    problem(
      named.length === 0 && action !== 'release',
      'selector',
      undefined,
      `name at least one of ${selectorFields.join(', ')}: nothing is done to every unit`,
    ),
    problem(
      action !== 'retry' && request.note === undefined && !request.dryRun,
      'note',
      undefined,
      `the reason: ${action} needs one`,
    ),
    problem(
      (action === 'rework') !== (toStep !== undefined),
      'toStep',
      toStep,
      action === 'rework' ? `one of ${reworkSteps.join(', ')}` : 'toStep with rework only',
    ),
    problem(
      toFirmware !== undefined && (action !== 'rework' || toStep !== 'flash'),
      'toFirmware',
      toFirmware,
      'toFirmware with a rework to flash only',
    ),
    problem(
      action === 'release' && hold === undefined,
      'hold',
      hold,
      'the id of the hold that is released: one hold releases no other',
    ),
    problem(!isHold && hold !== undefined, 'hold', hold, 'hold with the actions hold and release only'),
    problem(from !== undefined && to !== undefined && from >= to, 'to', to, `an instant after ${from}`),
  ].flat();
}

function problem(isWrong: boolean, name: string, value: unknown, allowed: string): Problem[] {
  return isWrong ? [{ path: [name], value, allowed }] : [];
}
