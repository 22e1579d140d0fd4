import type { z } from 'zod';
import { isPlaceholder, PLACEHOLDER_ALLOWED } from './decision';
import * as field from './fields';
import { GS, hasCheckDigit } from './gs1';
import { MAX_CARTON_SIZE, MAX_PALLET_SIZE } from './packing';
import { packingActions, type PackingAction, type PackingRequest } from './packing-desk';
import { parseShape } from './parsing';
import { refusal, type Problem } from './refusal';

const kind = { code: 'INPUT_INVALID', title: 'The input of packing' } as const;
const MAX_CODES = 500;
const MAX_CARTONS = 500;

const SSCC_ALLOWED = 'an SSCC of 18 digits with a right check digit';
const sscc = () => field.checkedText(/^[0-9]{18}$/, SSCC_ALLOWED, hasCheckDigit);

/** Or a word in its place. */
const ssccOr = (word: 'new' | 'none', also: string) =>
  field.checkedText(
    /^([0-9]{18}|[a-z]{3,4})$/,
    `${also}, or ${SSCC_ALLOWED}`,
    (text) => text === word || text === 'new' || (text.length === 18 && hasCheckDigit(text)),
  );

/** A separator of event headers has no place in it. */
const words = (most: number) =>
  field
    .lineOfText(most)
    .refine((text) => !text.includes('|'), { error: 'text without "|"' })
    .refine((text) => !isPlaceholder(text), { error: PLACEHOLDER_ALLOWED });

/** What a scanner sends, with its separators, or what a person types. */
const code = field.checkedText(/^[^]{1,200}$/, 'the content of a label, or a serial', (text) =>
  /^[ -~]+$/.test(text.replaceAll(GS, '')),
);

const schema = field.fields({
  action: field.oneOf(packingActions),
  by: field.patternText(/^[0-9A-Za-z-]{1,16}$/, 'an operator number of up to 16 letters, digits and "-"'),
  shipment: field
    .patternText(
      /^[A-Za-z0-9][A-Za-z0-9._/-]{0,79}$/,
      '1 to 80 of A–Z a–z 0–9 . _ / -, the first a letter or digit',
    )
    .exactOptional(),
  buyer: field.loginName().exactOptional(),
  destination: field.country().exactOptional(),
  carrier: words(100).exactOptional(),
  shipOn: field.calendarDate().exactOptional(),
  carton: ssccOr('new', '"new"').exactOptional(),
  cartonSize: field.wholeNumber(1, MAX_CARTON_SIZE).exactOptional(),
  pallet: ssccOr('none', '"new" or "none"').exactOptional(),
  palletSize: field.wholeNumber(1, MAX_PALLET_SIZE).exactOptional(),
  cartons: field.distinctList(sscc(), 1, MAX_CARTONS).exactOptional(),
  codes: field.distinctList(code, 1, MAX_CODES).exactOptional(),
  reason: words(200).exactOptional(),
}) as z.ZodType<PackingRequest>;

type Name = Exclude<keyof PackingRequest, 'action' | 'by'>;

/** What each action needs, and what it may have besides. */
const shapes: Readonly<Record<PackingAction, { needs: readonly Name[]; takes: readonly Name[] }>> = {
  create: { needs: ['buyer', 'destination'], takes: ['shipment', 'carrier', 'shipOn'] },
  set: { needs: ['shipment'], takes: ['carrier', 'shipOn'] },
  add: { needs: ['shipment', 'carton', 'codes'], takes: ['cartonSize', 'pallet', 'palletSize'] },
  move: { needs: ['shipment', 'carton', 'codes', 'reason'], takes: ['cartonSize', 'pallet', 'palletSize'] },
  remove: { needs: ['shipment', 'codes', 'reason'], takes: [] },
  pallet: { needs: ['shipment', 'pallet', 'cartons'], takes: ['palletSize'] },
  close: { needs: ['shipment'], takes: [] },
  cancel: { needs: ['shipment', 'reason'], takes: [] },
};

/**
 * What a planner or a packer asks for: one flat JSON object, as a command or the web UI's form sends it.
 * @throws UnitrailError INPUT_INVALID with every problem: field, value and what is allowed.
 */
export function parsePackingRequest(input: unknown): PackingRequest {
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

function problemsOf(request: PackingRequest): Problem[] {
  const { action } = request;
  const { needs, takes } = shapes[action];
  const given = Object.keys(request).filter((name) => name !== 'action' && name !== 'by') as Name[];
  const missing = needs.filter((name) => request[name] === undefined);
  const foreign = given.filter((name) => !needs.includes(name) && !takes.includes(name));
  return [
    ...missing.map((name) => ({ path: [name], value: undefined, allowed: `a value: ${action} needs it` })),
    ...foreign.map((name) => ({
      path: [name],
      value: request[name],
      allowed: `with ${action} only ${[...needs, ...takes].join(', ')}`,
    })),
    ...wordProblems(request),
  ];
}

/** Words that stand for a box: an old one has its size already, and a new carton is not put off its pallet. */
function wordProblems({
  action,
  carton,
  cartonSize,
  pallet,
  palletSize,
  carrier,
  shipOn,
}: PackingRequest): Problem[] {
  const problem = (isWrong: boolean, name: Name, value: unknown, allowed: string): Problem[] =>
    isWrong ? [{ path: [name], value, allowed }] : [];
  return [
    ...problem(
      cartonSize !== undefined && carton !== 'new',
      'cartonSize',
      cartonSize,
      'cartonSize with carton "new" only',
    ),
    ...problem(
      palletSize !== undefined && pallet !== 'new',
      'palletSize',
      palletSize,
      'palletSize with pallet "new" only',
    ),
    ...problem(action !== 'pallet' && pallet === 'none', 'pallet', pallet, 'a pallet'),
    ...problem(
      action !== 'pallet' && pallet !== undefined && carton !== 'new',
      'pallet',
      pallet,
      'pallet with carton "new" only; an old carton is moved by the action pallet',
    ),
    ...problem(
      action === 'set' && carrier === undefined && shipOn === undefined,
      'carrier',
      carrier,
      'carrier or shipOn',
    ),
  ];
}
