import { columnProblems } from './export-columns';
import type { PinnedLook } from './export-manifest';
import { defaultExportSettings } from './export-schema';
import type { ExportSettings, SftpTarget } from './export-settings';
import { UnitrailError } from './errors';
import type { Buyer } from './plant-document';
import type { Problem } from './refusal';

/**
 * The buyer's settings; the defaults where the plant file has none: all that is due, handed out to a folder.
 * @throws UnitrailError INPUT_INVALID for a buyer that the plant file does not have
 */
export function exportSettingsOf(
  { buyers }: { readonly buyers: readonly Buyer[] },
  buyer: string,
): ExportSettings {
  const found = buyers.find(({ id }) => id === buyer);
  if (found) return found.export ?? defaultExportSettings();
  throw new UnitrailError(
    'INPUT_INVALID',
    `buyer: ${JSON.stringify(buyer)} is not allowed; one of ${buyers.map(({ id }) => id).join(', ')}, as the plant file has them`,
  );
}

/** What of the settings an export keeps from its opening on. */
export function lookOf({ columns, formats, csv, testColumns, include, naming }: ExportSettings): PinnedLook {
  return { columns, formats, csv, testColumns, include, naming };
}

/** What the buyers' settings of exports say of each other and get wrong. */
export function exportProblems(buyers: readonly Buyer[]): Problem[] {
  return buyers.flatMap(({ export: settings }, at) => {
    if (settings === undefined) return [];
    const path = ['buyers', at, 'export'];
    return [
      ...columnProblems(settings.columns).map((one) => ({ ...one, path: [...path, ...one.path] })),
      ...(settings.sftp ? sftpProblems(settings.sftp, [...path, 'sftp']) : []),
      ...namingProblems(buyers, at, [...path, 'naming']),
    ];
  });
}

/** The longest ending of a file, and what an export's own part of its name may come to. */
const LONGEST_ENDING = '.amendments.jsonl'.length;
const LONGEST_EXPORT = 'x000000-r0000'.length;
const MOST_NAME = 200;

/** A name is pinned with its export: what can't be delivered later would stop the sequence for good. */
function namingProblems(buyers: readonly Buyer[], at: number, path: Problem['path']): Problem[] {
  const { id, export: settings } = buyers[at]!;
  const { naming, sftp } = settings!;
  const problems: Problem[] = [];
  const longest = naming.replaceAll('{buyer}', id).replaceAll('{export}', 'x'.repeat(LONGEST_EXPORT));
  if (longest.length + LONGEST_ENDING > MOST_NAME)
    problems.push({ path, value: naming, allowed: `names of files of up to ${MOST_NAME} characters` });
  const shared = buyers.some(
    (other) => other.id !== id && sftp !== null && isSamePlace(other.export?.sftp ?? null, sftp),
  );
  if (shared && !naming.includes('{buyer}'))
    problems.push({ path, value: naming, allowed: 'one with {buyer}: another buyer has the same folder' });
  return problems;
}

function isSamePlace(one: SftpTarget | null, other: SftpTarget): boolean {
  return one !== null && one.host === other.host && one.port === other.port && one.folder === other.folder;
}

function sftpProblems({ key, password, passphrase }: SftpTarget, path: Problem['path']): Problem[] {
  const problems: Problem[] = [];
  if (key === undefined && password === undefined)
    problems.push({ path: [...path, 'key'], value: undefined, allowed: 'one of key and password' });
  if (key !== undefined && password !== undefined)
    problems.push({ path: [...path, 'password'], value: password, allowed: 'only one of key and password' });
  if (passphrase !== undefined && key === undefined)
    problems.push({
      path: [...path, 'passphrase'],
      value: passphrase,
      allowed: 'nothing where there is no key',
    });
  return problems;
}
