import { Option, type Command } from 'commander';
import type { FoundUnit, Identifier } from '../adapters/capsule-reader/capsule';
import {
  capsulesAt,
  openCapsuleFiles,
  type CapsuleOnDisk,
  type CapsulePlace,
} from '../adapters/capsule-reader/files';
import type { CapsuleKeys } from '../adapters/capsule-reader/keys';
import { UnitrailError } from '../domain/errors';
import { answerText, type Answer } from './capsule-answer';
import { capsuleGroup, keysOf } from './capsule-group';
import { FAILED, printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly serial?: string;
  readonly mac?: string;
  readonly chipUid?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export function register(program: Command, context: ServerContext): void {
  const by = (flags: string, meaning: string, ...others: string[]): Option =>
    new Option(flags, meaning).conflicts(others);
  capsuleGroup(program)
    .command('query')
    .description(
      'One unit from capsules: its record, what was said of it later, and whether its proof holds. Needs nothing but the files. Exit 1 where something about it is wrong, 2 where there is no such unit.',
    )
    .argument('<file...>', 'folders of capsules, or files of them')
    .addOption(by('--serial <serial>', 'the serial, as it is on the label', 'mac', 'chipUid', 'certificate'))
    .addOption(by('--mac <address>', 'one of its MAC addresses', 'serial', 'chipUid', 'certificate'))
    .addOption(by('--chip-uid <uid>', 'what its chip was born with', 'serial', 'mac', 'certificate'))
    .addOption(by('--certificate <sha256>', "its certificate's fingerprint", 'serial', 'mac', 'chipUid'))
    .option('--key <file>', 'public keys, as `unitrail keys` prints them, got on another way than the files')
    .action((files: string[], options: Options) => query(context, files, options));
}

async function query(context: ServerContext, files: readonly string[], options: Options): Promise<void> {
  const readings = readingsOf(options);
  const keys = await keysOf(options.key);
  const answers = await answersTo(readings, await placesOf(files), keys);
  if (answers.length === 0) throw notFound(readings, files);
  await (context.json
    ? printJson(context, { format: 'unitrail.capsule-answer/1', units: answers })
    : printLine(context, answers.map((answer) => answerText(answer)).join('\n\n')));
  if (answers.some((answer) => isWrong(answer, keys))) context.exitWith(FAILED);
}

type Wanted = { readonly serial: string } | { readonly by: Identifier; readonly value: string };

/** What was typed may mean several things: each is looked for where nothing is found of those before it. */
function readingsOf({ serial, mac, chipUid, certificate }: Options): Wanted[] {
  if (serial !== undefined) return asTyped(serial).map((text) => ({ serial: text }));
  if (mac !== undefined) return [{ by: 'mac', value: mac.trim().toUpperCase().replaceAll('-', ':') }];
  if (chipUid !== undefined) return asTyped(chipUid).map((value) => ({ by: 'chipUid', value }));
  if (certificate !== undefined)
    return [{ by: 'certificate', value: certificate.trim().toLowerCase().replaceAll(':', '') }];
  throw wrongOption('--serial', undefined, 'a serial; or --mac, --chip-uid or --certificate');
}

/** A buyer's serials may differ in their case alone: capitals are for whoever types one of ours without them. */
function asTyped(text: string): string[] {
  const typed = text.trim();
  return [...new Set([typed, typed.toUpperCase()])];
}

/** Over all capsules: none answers in capitals where another has what was typed. */
async function answersTo(
  readings: readonly Wanted[],
  places: readonly CapsulePlace[],
  keys: CapsuleKeys | null,
): Promise<Answer[]> {
  for (const wanted of readings) {
    const answers: Answer[] = [];
    for (const place of places) answers.push(...(await answersIn(place, keys, wanted)));
    if (answers.length > 0) return answers;
  }
  return [];
}

async function answersIn(
  { folder, paths }: CapsulePlace,
  keys: CapsuleKeys | null,
  wanted: Wanted,
): Promise<Answer[]> {
  const capsule = await openCapsuleFiles(paths, keys);
  try {
    return (await unitsIn(capsule, wanted)).map((unit) => ({ folder, seal: capsule.seal, unit }));
  } finally {
    await capsule.close();
  }
}

async function placesOf(files: readonly string[]): Promise<CapsulePlace[]> {
  const places = await capsulesAt(files).catch((error: NodeJS.ErrnoException) => {
    throw wrongOption('file', error.path ?? files, `a folder of a capsule, or a file of it (${error.code})`);
  });
  const empty = places.find(({ paths }) => paths.records === undefined && paths.parquet === undefined);
  if (!empty) return places;
  throw wrongOption('file', empty.folder, 'a capsule: with a records.jsonl or a records.parquet in it');
}

async function unitsIn(capsule: CapsuleOnDisk, wanted: Wanted): Promise<FoundUnit[]> {
  if ('serial' in wanted) return capsule.find(wanted.serial);
  const units: FoundUnit[] = [];
  for (const serial of await capsule.serialsBy(wanted.by, wanted.value))
    units.push(...(await capsule.find(serial)).filter((unit) => isMeant(unit, wanted)));
  return units;
}

/** Another issuer's unit of the same serial has other numbers. */
function isMeant({ record }: FoundUnit, { by, value }: { by: Identifier; value: string }): boolean {
  const facts = record?.facts as Record<string, unknown> | undefined;
  if (by === 'mac') return ((facts?.macs as string[] | undefined) ?? []).includes(value);
  if (by === 'chipUid') return facts?.chipUid === value;
  return (facts?.provisioning as { certificateSha256?: string } | null)?.certificateSha256 === value;
}

function notFound(readings: readonly Wanted[], files: readonly string[]): Error {
  const what = readings
    .map((wanted) => ('serial' in wanted ? `serial ${wanted.serial}` : `${wanted.by} ${wanted.value}`))
    .join(' or ');
  return new UnitrailError(
    'NOT_FOUND',
    `No unit of ${what} is in ${files.join(', ')}. Whether they are whole, \`unitrail capsule verify\` tells.`,
  );
}

/** A proof that is not here is no fault of the unit; one that does not hold is. */
function isWrong({ seal, unit }: Answer, keys: CapsuleKeys | null): boolean {
  const documents = [...(unit.record ? [unit.record] : []), ...unit.statements];
  const isSealWrong = seal.manifest.verdict === 'bad' || seal.manifest.verdict === 'unknownKey';
  return (
    isSealWrong ||
    (keys !== null && seal.manifest.verdict !== 'good') ||
    seal.log.verdict === 'bad' ||
    documents.some(({ proof }) => proof.verdict === 'broken')
  );
}
