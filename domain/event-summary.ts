import { actorText, plainText } from './plain-text';

type Body = Readonly<Record<string, unknown>>;
type Teller = (body: Body) => string;

/**
 * One sentence a type, in plain words. Bodies come from stations and devices: a field that is missing is told as
 * "?", and what a terminal would obey is made visible.
 */
const tellers: Readonly<Record<string, Teller>> = {
  claimed: (b) =>
    `Serial ${say(b.serial)} claimed as no. ${say(b.index)} of batch ${say(b.batch)}, order ${say(b.order)}`,
  assigned: (b) => `Identity confirmed, ${list(b.macs) ? `MAC ${list(b.macs)}` : 'no MAC address'}`,

  flashIntended: (b) => `Flashing begins${place(b)}`,
  boardBound: (b) => `Board with chip ${say(b.chipUid)} bound${place(b)}, board lot ${say(b.boardLot)}`,
  flashed: (b) =>
    `Firmware ${say(b.firmwareVersion)} and identity written and read back${place(b)}${round(b)}`,

  testIntended: (b) => `Final test begins${place(b)}`,
  testPassed: (b) => `Final test passed${place(b)}: ${measured(b)}${round(b)}`,
  testFailed: (b) => `Final test failed${place(b)}: ${misses(b, 'FAIL')}${round(b)}`,
  testErred: (b) => `The station could not measure${place(b)}: ${misses(b, 'ERROR')}${round(b)}`,

  requestIntended: (b) => `Reading the certificate request begins${place(b)}`,
  requestRead: (b) => `Certificate request read from the device${place(b)}${round(b)}`,
  certificateIntended: (b) => `Certificate number ${say(b.serialNumber)} chosen, not signed yet`,
  certificateIssued: (b) => `Certificate ${short(b.certificateSha256)} issued by ${say(b.issuer)}`,
  installIntended: (b) => `Installing the certificate begins${place(b)}`,
  provisioned: (b) =>
    `Certificate ${short(b.certificateSha256)} installed and read back${place(b)}${round(b)}`,

  labelIntended: (b) => `Labelling begins${place(b)}`,
  printIntended: (b) => `Print ${say(b.print)} intended${place(b)}`,
  printed: (b) =>
    `Label printed, print ${say(b.print)}${b.how === 'scanner' ? ' (the scanner found it)' : ''}${place(b)}`,
  printAbsent: (b) => `Print ${say(b.print)} was never made${because(b.why)}${by(b)}`,
  printFound: (b) => `Print ${say(b.print)} is on the unit${by(b)}`,
  verifyIntended: (b) => `Checking the label begins${place(b)}`,
  labelVerified: (b) => `Label verified by scan, print ${say(b.print)}${place(b)}`,

  qualityIntended: (b) => `Final QC begins${place(b)}`,
  qualityPassed: (b) => `Final QC passed: device, label and record agree${by(b)}`,

  stepFailed: (b) => `${say(b.part)} failed (attempt ${say(b.attempt)}, try ${say(b.try)}): ${failure(b)}`,
  held: (b) => `Held at ${say(b.step)} for an engineer: ${failure(b)}`,
  retried: (b) => `Retry of ${say(b.step)}${by(b)}${answer(b)}${because(b.note)}`,
  reworked: (b) =>
    `Rework from ${say(b.step)}${release(b)}${by(b)}${because(b.reason)}; an earlier label is void`,
  scrapped: (b) => `Scrapped${b.code === undefined ? '' : ` (${say(b.code)})`}${by(b)}${because(b.reason)}`,
  voided: (b) => `Cancelled before assign, the serial is void${by(b)}${because(b.reason)}`,
  missing: (b) =>
    `Reported missing${lastSeen(b)}${by(b)}${because(b.reason)}; a certificate that it has is revoked`,
  found: (b) =>
    `Found again${b.place === undefined ? '' : ` (${say(b.place)})`}${by(b)}${because(b.reason ?? b.note)}`,
  holdOpened: (b) => `Quality hold ${say(b.hold)} opened${by(b)}${because(b.reason)}`,
  identified: (b) =>
    `Further identifier recorded: ${say(b.kind)} ${say(b.value)} of ${say(b.issuer)}${by(b)}`,
  identifierWithdrawn: (b) =>
    `Further identifier withdrawn: ${say(b.kind)} ${say(b.value)} of ${say(b.issuer)}${by(b)}${because(b.reason)}`,
  holdReleased: (b) => `Quality hold ${say(b.hold)} released${by(b)}${because(b.reason ?? b.note)}`,

  packed: (b) => `Packed in carton ${say(b.carton)} of shipment ${say(b.shipment)}`,
  unpacked: (b) => `Taken out of shipment ${say(b.shipment)}${because(b.reason)}`,
  shipped: (b) =>
    `Shipped to ${say(b.buyer)}, ${say(b.destination)}, in shipment ${say(b.shipment)}, carton ${say(b.carton)}`,

  recordCorrected: (b) =>
    `Correction of its record: ${say(b.field)} is ${told(b.value)}, not ${told(b.was)}${by(b)}${because(b.reason)}`,
  unitReturned: (b) => `Came back under RMA ${say(b.rma)}, ${say(b.condition)}${by(b)}${because(b.reason)}`,
};

/** The event types of a unit that this file can tell. */
export const toldEventTypes: readonly string[] = Object.keys(tellers);

/** What happened, in one line. A type that is not known here is told by its name. */
export function summariseEvent(type: string, body: Body): string {
  const teller = Object.hasOwn(tellers, type) ? tellers[type] : undefined;
  return teller ? teller(body) : plainText(type, 64);
}

function say(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? plainText(value, 200) : '?';
}

/** A value of whatever kind. */
function told(value: unknown): string {
  return typeof value === 'string' ? say(value) : plainText(JSON.stringify(value) ?? '?', 200);
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(say).join(', ') : '';
}

/** A fingerprint's beginning, enough to tell two apart by eye. */
function short(value: unknown): string {
  return typeof value === 'string' && value.length > 16 ? `${plainText(value.slice(0, 16))}…` : say(value);
}

function place({ place: where }: Body): string {
  if (typeof where !== 'object' || where === null) return '';
  const { station, slot } = where as Body;
  return ` at ${say(station)}/${say(slot)}`;
}

/** Only a repeat is worth a word. */
function round({ attempt, try: tries }: Body): string {
  const repeats = [
    ...(typeof attempt === 'number' && attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(typeof tries === 'number' && tries > 1 ? [`try ${tries}`] : []),
  ];
  return repeats.length > 0 ? ` (${repeats.join(', ')})` : '';
}

function by(body: Body): string {
  const who = actorText(body.by);
  return who === null ? '' : ` by ${who}`;
}

function because(why: unknown): string {
  return typeof why === 'string' && why.trim() !== '' ? `: ${plainText(why, 200)}` : '';
}

function failure({ code, message }: Body): string {
  return (
    [code, message]
      .filter((part) => typeof part === 'string' && part !== '')
      .map(say)
      .join(': ') || '?'
  );
}

function answer({ label }: Body): string {
  if (label === 'none') return ', no such label exists';
  return label === 'found' ? ', the label is on the unit' : '';
}

function release({ firmwareVersion }: Body): string {
  return firmwareVersion === undefined ? '' : `, pinned to firmware ${say(firmwareVersion)}`;
}

function lastSeen(b: Body): string {
  return b.lastSeen === undefined ? '' : `, last seen at ${say(b.lastSeenAt)}: ${say(b.lastSeen)}`;
}

function results(body: Body): Body[] {
  const list: unknown[] = Array.isArray(body.results) ? body.results : [];
  return list.filter((result): result is Body => typeof result === 'object' && result !== null);
}

function measured(body: Body): string {
  const count = results(body).length;
  return `${count} ${count === 1 ? 'measurement' : 'measurements'} within limits`;
}

function misses(body: Body, verdict: string): string {
  const wrong = results(body).filter((result) => result.verdict === verdict);
  return wrong.map(oneMiss).join(', ') || '?';
}

function oneMiss({ name, value, unit, low, high }: Body): string {
  if (value === null || value === undefined) return `${say(name)} not measured`;
  return `${say(name)} ${say(value)} ${say(unit)}, allowed ${say(low)} to ${say(high)}`;
}
