import type { z } from 'zod';
import * as field from './fields';
import { exportFormats, type ExportSettings } from './export-settings';
import { KEY_REFERENCE, KEY_REFERENCE_ALLOWED } from './scheme-key';

/**
 * A buyer's `export` in the plant file, complete with its defaults. What its fields say of each other is checked in
 * plant-exports.ts.
 */

const MAX_COLUMNS = 500;
const SEPARATORS = [',', ';', '\t'] as const;
const ENCODINGS = ['utf-8', 'utf-8-bom', 'windows-1252', 'utf-16le'] as const;

const CRON_ALLOWED = 'five fields of cron (minute hour day month weekday), such as 0 6 * * MON';

const column = field.fields({ field: field.lineOfText(100), name: field.lineOfText(100).exactOptional() });

const csv = field.fields({
  separator: field.oneOf(SEPARATORS).default(','),
  // With a mark at its beginning, Excel takes the file for what it is: "ü" stays "ü".
  encoding: field.oneOf(ENCODINGS).default('utf-8-bom'),
});

const include = field.fields({
  scrapped: field.flag().default(true),
  unused: field.flag().default(true),
});

const sftp = field.fields({
  host: field.patternText(
    /^([A-Za-z0-9][A-Za-z0-9.-]{0,84}|[0-9A-Fa-f:]{2,45})$/,
    'a host name or address of up to 85 characters, without port',
  ),
  port: field.wholeNumber(1, 65_535).default(22),
  user: field.patternText(/^[^\s\p{Cc}:/@|]{1,32}$/u, '1 to 32 characters without blanks, : / @ |'),
  folder: field
    .checkedText(
      /^[^\p{Cc}\\|]{1,120}$/u,
      'a folder on the server, absolute or from the login’s home, with / between its parts, of up to 120 characters without \\ and |, and no ..',
      (path) => !path.split('/').includes('..'),
    )
    .default('.'),
  hostKeys: field.distinctList(
    field.patternText(
      /^SHA256:[A-Za-z0-9+/]{43}$/,
      'a fingerprint SHA256:… of 43 characters, as `ssh-keygen -lf` prints it',
    ),
    1,
    8,
  ),
  key: secret().exactOptional(),
  passphrase: secret().exactOptional(),
  password: secret().exactOptional(),
});

export const exportSchema = field.fields({
  columns: field.list(column, 1, MAX_COLUMNS).nullable().default(null),
  formats: field
    .distinctList(field.oneOf(exportFormats), 1, exportFormats.length)
    .default([...exportFormats]),
  csv: csv.prefault({}),
  testColumns: field.flag().default(false),
  include: include.prefault({}),
  schedule: cronText().nullable().default(null),
  timeZone: timeZoneText().default('UTC'),
  naming: field
    .checkedText(
      /^[A-Za-z0-9{][A-Za-z0-9._{}-]{0,79}$/,
      'up to 80 of A–Z a–z 0–9 . _ -, with {export} and, if you like, {buyer} in it',
      isNaming,
    )
    .default('{buyer}-{export}'),
  sftp: sftp.nullable().default(null),
}) satisfies z.ZodType<ExportSettings>;

/** What a buyer gets that the plant file says nothing of. */
export function defaultExportSettings(): ExportSettings {
  return exportSchema.parse({});
}

export function cronText() {
  return field.checkedText(/^[^\p{Cc}]{1,100}$/u, CRON_ALLOWED, isCron);
}

export function timeZoneText() {
  return field.checkedText(
    /^[A-Za-z0-9_+/-]{1,64}$/,
    'a time zone of the IANA database, such as UTC or Europe/Berlin',
    isTimeZone,
  );
}

function secret() {
  return field.patternText(KEY_REFERENCE, KEY_REFERENCE_ALLOWED);
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** Lowest and highest value of each field, and its names from the lowest on. */
const cronFields: readonly (readonly [low: number, high: number, names: readonly string[]])[] = [
  [0, 59, []],
  [0, 23, []],
  [1, 31, []],
  [1, 12, MONTHS],
  [0, 7, DAYS],
];

/** No more than Temporal's schedules understand, so that a plant file that was taken can be scheduled. */
export function isCron(text: string): boolean {
  const parts = text.trim().split(/ +/);
  return parts.length === cronFields.length && parts.every((part, at) => isCronField(part, cronFields[at]!));
}

function isCronField(part: string, [low, high, names]: (typeof cronFields)[number]): boolean {
  const numberOf = (word: string | undefined): number => {
    if (word === undefined || !/^([0-9]{1,2}|[A-Za-z]{3})$/.test(word)) return NaN;
    const named = names.indexOf(word.toUpperCase());
    return named === -1 ? Number(word) : named + low;
  };
  return part.split(',').every((range) => {
    const [, body] = /^([^/]+)(?:\/[1-9][0-9]?)?$/.exec(range) ?? [];
    if (body === undefined) return false;
    if (body === '*') return true;
    const [from, to, ...rest] = body.split('-').map(numberOf);
    const last = to ?? from!;
    return rest.length === 0 && from! >= low && last <= high && from! <= last;
  });
}

/** Known to this Node; spelled as the database of time zones spells it, because other programs ask for that. */
function isTimeZone(text: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions();
    return timeZone === text || timeZone.toLowerCase() !== text.toLowerCase();
  } catch {
    return false;
  }
}

function isNaming(text: string): boolean {
  const rest = text.replaceAll('{export}', '').replaceAll('{buyer}', '');
  return text.includes('{export}') && !/[{}]/.test(rest) && !text.includes('..');
}
