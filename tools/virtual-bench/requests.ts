import { z } from 'zod';
import {
  chunkBytes,
  faultKinds,
  flashBytes,
  maxLabelBytes,
  type BenchAction,
  type BenchCalls,
  type BenchControls,
  type FaultEntry,
  type FaultKind,
} from '../../domain/bench-protocol';
import { BenchError } from './bench-error';
import { fields, lineOfText, list, oneOf, parseShape, patternText, wholeNumber } from './shapes';

const place = {
  id: wholeNumber(1),
  slot: patternText(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\/[A-Za-z0-9]{1,16}$/,
    'station and slot, such as line-1/3',
  ),
  fence: wholeNumber(1),
};
const control = { id: place.id };

/** Decoding and CRC judge the content: a pattern over 16 KiB for each chunk would only cost time. */
const base64 = (maxBytes: number) => {
  const maxLength = Math.ceil(maxBytes / 3) * 4;
  return z.string().max(maxLength, { error: `base64 of at most ${maxBytes} bytes` });
};
const pem = z.string().max(20_000, { error: 'a certificate in PEM, at most 20000 characters' });
const crc = wholeNumber(0, 0xffffffff);
const sizeBytes = wholeNumber(1, flashBytes);
const offset = wholeNumber(0, flashBytes);
const jobId = patternText(/^[\x21-\x7e]{1,64}$/, '1 to 64 characters without blanks');
const serial = lineOfText(64);
const traveller = fields({
  unitId: patternText(/^[A-Za-z0-9-]{1,64}$/, '1 to 64 letters, digits and dashes'),
  serial,
  batch: lineOfText(64),
  index: wholeNumber(0),
});
const identity = fields({ serial, macs: list(lineOfText(32), 0, 16) });
const whole = { ...place, do: z.literal('writeImage') };

function request<Action extends BenchAction, Shape extends z.ZodRawShape>(action: Action, shape: Shape) {
  return fields({ ...place, do: z.literal(action), ...shape });
}

const writeImage = z.discriminatedUnion(
  'phase',
  [
    fields({ ...whole, phase: z.literal('begin'), sizeBytes }),
    fields({ ...whole, phase: z.literal('chunk'), offset, data: base64(chunkBytes), crc32: crc }),
    fields({ ...whole, phase: z.literal('end') }),
  ],
  { error: 'a phase: one of begin, chunk, end' },
);

const actions = {
  present: request('present', { traveller }),
  clear: request('clear', {}),
  occupied: request('occupied', {}),
  readUid: request('readUid', {}),
  writeImage,
  readImage: request('readImage', { offset, sizeBytes: wholeNumber(1, chunkBytes) }),
  writeIdentity: request('writeIdentity', { identity }),
  readIdentity: request('readIdentity', {}),
  firmwareSha256: request('firmwareSha256', {}),
  createRequest: request('createRequest', {
    serial: patternText(/^[A-Za-z0-9 '()+,./:=?-]{1,64}$/, 'a serial of characters that PrintableString has'),
  }),
  installCertificate: request('installCertificate', { certificatePem: pem }),
  readCertificate: request('readCertificate', {}),
  signNonce: request('signNonce', {
    nonceHex: patternText(/^([0-9a-fA-F]{2}){8,64}$/, '8 to 64 bytes in hex'),
  }),
  measure: request('measure', { names: list(lineOfText(64), 1, 64) }),
  print: request('print', { jobId, data: base64(maxLabelBytes), crc32: crc }),
  jobState: request('jobState', { jobId }),
  scan: request('scan', {}),
} satisfies Record<BenchAction, z.ZodType>;

const actionNames = Object.keys(actions) as [BenchAction, ...BenchAction[]];

/** Which faults each action can have beside the general ones. */
const specialFaults: Partial<Record<BenchAction, readonly FaultKind[]>> = {
  present: ['duplicateUid'],
  writeImage: ['wrongCrc', 'brownOut'],
  readImage: ['wrongCrc'],
  measure: ['outOfLimits'],
  print: ['printerForgets', 'printLost', 'printTwice'],
};
const generalFaults: readonly FaultKind[] = ['noAnswer', 'doneButNoAnswer', 'refuse', 'swappedBoard'];

/** Which fields belong to which fault: a field in the wrong place is a mistake, not a decoration. */
const faultFields: Partial<Record<FaultKind, readonly (keyof FaultEntry)[]>> = {
  wrongCrc: ['atBytes'],
  brownOut: ['atBytes'],
  outOfLimits: ['name', 'value'],
  duplicateUid: ['of'],
  swappedBoard: ['with'],
  printerForgets: ['printed'],
};
const ownFields: readonly (keyof FaultEntry)[] = ['atBytes', 'name', 'value', 'of', 'with', 'printed'];

const faultEntry = fields({
  do: oneOf(actionNames),
  fault: oneOf(faultKinds),
  batch: lineOfText(64).optional(),
  index: wholeNumber(0).optional(),
  serial: serial.optional(),
  times: wholeNumber(1, 1_000_000).optional(),
  atBytes: wholeNumber(0, flashBytes).optional(),
  name: lineOfText(64).optional(),
  value: z.number({ error: 'a number' }).optional(),
  of: serial.optional(),
  with: serial.optional(),
  printed: z.boolean({ error: 'true or false' }).optional(),
}).superRefine((entry, context) => {
  const allowed = [...generalFaults, ...(specialFaults[entry.do] ?? [])];
  if (!allowed.includes(entry.fault))
    context.addIssue({
      code: 'custom',
      path: ['fault'],
      message: `for ${entry.do} one of ${allowed.join(', ')}`,
    });
  for (const field of ownFields)
    if (entry[field] !== undefined && !faultFields[entry.fault]?.includes(field))
      context.addIssue({
        code: 'custom',
        path: [field],
        message: `nothing: ${entry.fault} has no such field`,
      });
});

const plan = list(faultEntry, 0, 10_000);

const controls = {
  hello: fields({ ...control, do: z.literal('hello') }),
  faults: fields({ ...control, do: z.literal('faults'), plan: plan.optional() }),
  boards: fields({
    ...control,
    do: z.literal('boards'),
    offset: wholeNumber(0),
    limit: wholeNumber(1, 500),
  }),
};

interface Placed {
  readonly id: number;
  readonly slot: string;
  readonly fence: number;
}

export type SlotRequest = {
  [Action in BenchAction]: Placed & { readonly do: Action } & BenchCalls[Action]['args'];
}[BenchAction];

export type ControlRequest = {
  [Control in keyof BenchControls]: {
    readonly id: number;
    readonly do: Control;
  } & BenchControls[Control]['args'];
}[keyof BenchControls];

export function isControl(request: SlotRequest | ControlRequest): request is ControlRequest {
  return Object.hasOwn(controls, request.do);
}

/** The typed request, or BAD_REQUEST with every field that is wrong. */
export function parseRequest(input: unknown): SlotRequest | ControlRequest {
  const name = (input as { do?: unknown } | null)?.do;
  const known: Record<string, z.ZodType> = { ...actions, ...controls };
  const schema = typeof name === 'string' && Object.hasOwn(known, name) ? known[name] : undefined;
  if (schema) return parseShape('The request', schema, input) as SlotRequest | ControlRequest;
  throw new BenchError(
    'BAD_REQUEST',
    `do: "${String(name)}" is not known; allowed are ${Object.keys(known).join(', ')}.`,
  );
}

export function parseFaultPlan(input: unknown): readonly FaultEntry[] {
  return parseShape('The fault plan', plan, input) as readonly FaultEntry[];
}
