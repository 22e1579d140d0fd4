import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalText, readCanonical } from './canonical';
import { isSigned, type Keys } from './keys';
import type { Problems } from './report';

export const ENDING = '.manifest.json';
const FORMAT = 'unitrail.export/1';
const MOST_BYTES = 1024 * 1024;

export interface NamedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly rows: number;
}

/** What a set says of the transparency log. */
export interface NamedLog {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly key: string;
  /** What is proven beside the records; absent from sets that proved nothing else. */
  readonly proves?: readonly string[];
  /** Checkpoints that witnesses have co-signed, each with what shows that this log goes on from it. */
  readonly cosigned?: readonly { readonly note: string; readonly path: readonly string[] }[];
  readonly consistency: {
    readonly from: { readonly size: number; readonly root: string };
    readonly path: readonly string[];
  } | null;
}

export interface ExportSet {
  /** Of the manifest's file. */
  readonly manifest: string;
  /** What the names of its files begin with. */
  readonly base: string;
  readonly sha256: string;
  readonly export: string;
  readonly buyer: string;
  readonly kind: string;
  readonly number: number | null;
  readonly reissueOf: string | null;
  readonly predecessor: { readonly export: string; readonly manifestSha256: string } | null;
  readonly counts: { readonly units: number; readonly amendments: number; readonly numbers: number };
  readonly firstSerial: string | null;
  readonly lastSerial: string | null;
  readonly csv: { readonly separator: string; readonly encoding: string };
  /** Null: all of ours, by our names. */
  readonly columns: readonly { readonly field: string; readonly name?: string }[] | null;
  readonly files: readonly NamedFile[];
  /** Absent from sets that were made before there was a log. */
  readonly log?: NamedLog;
  readonly keyId: string;
}

/** The manifest, judged by itself; null where nothing further can be asked of it. */
export async function readManifest(
  folder: string,
  name: string,
  keys: Keys | null,
  problems: Problems,
): Promise<ExportSet | null> {
  const bytes = await readFile(join(folder, name));
  if (bytes.length > MOST_BYTES) return refuse(problems, name, 'is too long for a manifest');
  const read = readCanonical(bytes.toString('utf8'));
  if ('wrong' in read) return refuse(problems, name, `${read.wrong}: it is not what was signed`);
  const value = read.value as Partial<Record<string, unknown>> | null;
  if (value?.format !== FORMAT)
    return refuse(problems, name, `is of format ${JSON.stringify(value?.format)}, not ${FORMAT}`);
  if (!isWellFormed(value)) return refuse(problems, name, 'lacks what a manifest has');
  const { signature, ...body } = value as unknown as ExportSet & { signature: Signature };
  checkSignature(name, canonicalText(body), signature, keys, problems);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...body, manifest: name, base: name.slice(0, -ENDING.length), sha256, keyId: signature.keyId };
}

interface Signature {
  readonly algorithm: string;
  readonly keyId: string;
  readonly value: string;
}

function checkSignature(
  name: string,
  text: string,
  { keyId, value }: Signature,
  keys: Keys | null,
  problems: Problems,
): void {
  if (keys === null)
    return problems.add(name, `is signed by key ${keyId}, and no key was given to compare it with (--key)`);
  const key = keys.get(keyId);
  if (!key)
    return problems.add(
      name,
      `is signed by key ${keyId}, which is none of those given (${[...keys.keys()].join(', ')})`,
    );
  if (!isSigned(key, text, value))
    problems.add(name, 'its signature does not hold: the manifest was changed after it was signed');
}

function refuse(problems: Problems, name: string, what: string): null {
  problems.add(name, what);
  return null;
}

type Loose = Record<string, unknown>;
const isMap = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const orNull = (value: unknown, is: (one: unknown) => boolean): boolean => value === null || is(value);

function isWellFormed(m: Loose): boolean {
  const { counts, csv, files, predecessor, signature } = m;
  return (
    [m.export, m.buyer, m.kind].every(isText) &&
    orNull(m.number, isCount) &&
    [m.reissueOf, m.firstSerial, m.lastSerial].every((value) => orNull(value, isText)) &&
    orNull(predecessor, (one) => isMap(one) && isText(one.export) && isText(one.manifestSha256)) &&
    isMap(counts) &&
    [counts.units, counts.amendments, counts.numbers].every(isCount) &&
    isMap(csv) &&
    isText(csv.separator) &&
    isText(csv.encoding) &&
    orNull(
      m.columns,
      (list) => Array.isArray(list) && list.every((one) => isMap(one) && isText(one.field)),
    ) &&
    Array.isArray(files) &&
    files.every(isNamedFile) &&
    isMap(signature) &&
    isText(signature.keyId) &&
    isText(signature.value) &&
    (m.log === undefined || isNamedLog(m.log))
  );
}

const isHead = (head: unknown): boolean => isMap(head) && isCount(head.size) && isText(head.root);

const isList = (list: unknown, is: (one: unknown) => boolean): boolean =>
  Array.isArray(list) && list.every(is);
const isCosigned = (one: unknown): boolean => isMap(one) && isText(one.note) && isList(one.path, isText);

function isNamedLog(log: unknown): boolean {
  if (!isMap(log) || !isHead(log) || !isText(log.origin) || !isText(log.key)) return false;
  const { consistency, proves = [], cosigned = [] } = log;
  if (!isList(proves, isText) || !isList(cosigned, isCosigned)) return false;
  return orNull(
    consistency,
    (one) => isMap(one) && isHead(one.from) && Array.isArray(one.path) && one.path.every(isText),
  );
}

/** A name that leads out of the folder is none of an export. */
function isNamedFile(file: unknown): boolean {
  return (
    isMap(file) &&
    isText(file.name) &&
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(file.name) &&
    isText(file.sha256) &&
    isCount(file.sizeBytes) &&
    isCount(file.rows)
  );
}
