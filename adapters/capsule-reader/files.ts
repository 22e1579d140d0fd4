import { createHash, createPublicKey, verify } from 'node:crypto';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { capsuleFiles, type CapsulePaths, type CapsuleRole } from '../../domain/capsule';
import { publicKeyText } from './keys';
import type { ByteSource, ReaderCrypto } from './bytes';
import { openCapsule, type CapsuleSources, type OpenCapsule } from './capsule';
import type { CapsuleKeys } from './keys';

export const nodeCrypto: ReaderCrypto = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  isSigned(publicKey, message, signature) {
    const key = createPublicKey({
      key: Buffer.from(publicKeyText(publicKey), 'base64'),
      format: 'der',
      type: 'spki',
    });
    return verify(null, message, key, signature);
  },
};

export interface FileSource extends ByteSource {
  close(): Promise<void>;
}

export async function openFile(path: string, name = basename(path)): Promise<FileSource> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  return { name, sizeBytes: size, read: (from, to) => readPart(file, from, to), close: () => file.close() };
}

async function readPart(file: FileHandle, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(to - from);
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done);
    if (bytesRead === 0) throw new Error(`the file ended at byte ${from + done}, and is read up to ${to}`);
    done += bytesRead;
  }
  return bytes;
}

const needed = ['records', 'parquet', 'statements', 'proofs', 'checkpoint', 'manifest'] as const;

/** A capsule whose files lie here; closed by whoever opened it. */
export interface CapsuleOnDisk extends OpenCapsule {
  close(): Promise<void>;
}

export async function openCapsuleFiles(
  paths: CapsulePaths,
  keys: CapsuleKeys | null,
): Promise<CapsuleOnDisk> {
  const opened: Partial<Record<(typeof needed)[number], FileSource>> = {};
  const close = async (): Promise<void> => {
    for (const file of Object.values(opened)) await file.close();
  };
  try {
    for (const role of needed)
      if (paths[role] !== undefined) opened[role] = await openFile(paths[role], capsuleFiles[role]);
    return { ...(await openCapsule(opened as CapsuleSources, nodeCrypto, keys)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

export interface CapsulePlace {
  readonly folder: string;
  readonly paths: CapsulePaths;
}

/**
 * The capsules that these paths are of: a folder is one, and so is a file of it, with those that lie beside it. A file
 * that somebody gave another name stands alone.
 * @throws the file system's own error where there is nothing
 */
export async function capsulesAt(paths: readonly string[]): Promise<CapsulePlace[]> {
  const folders = new Set<string>();
  const alone: CapsulePlace[] = [];
  const known: readonly string[] = Object.values(capsuleFiles);
  for (const path of paths) {
    if ((await stat(path)).isDirectory()) folders.add(path);
    else if (known.includes(basename(path))) folders.add(dirname(path));
    else alone.push({ folder: path, paths: loneFile(path) });
  }
  const found: CapsulePlace[] = [];
  for (const folder of folders) found.push({ folder, paths: await pathsIn(folder) });
  return [...found, ...alone];
}

function loneFile(path: string): CapsulePaths {
  if (path.endsWith('.parquet')) return { parquet: path };
  return path.endsWith('.jsonl') ? { records: path } : {};
}

async function pathsIn(folder: string): Promise<CapsulePaths> {
  const names = new Set(await readdir(folder));
  const roles = Object.entries(capsuleFiles) as [CapsuleRole, string][];
  return Object.fromEntries(
    roles.filter(([, name]) => names.has(name)).map(([role, name]) => [role, join(folder, name)]),
  );
}
