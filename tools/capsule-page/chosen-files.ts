import type { ByteSource } from '../../adapters/capsule-reader/bytes';

/** A file and the folder that it was chosen from: a stick may hold several capsules. */
export interface ChosenFile {
  readonly folder: string;
  readonly file: File;
}

export interface FileSet {
  readonly folder: string;
  /** By their names in a capsule. */
  readonly files: ReadonlyMap<string, File>;
}

const known = [
  'records.jsonl',
  'records.parquet',
  'statements.jsonl',
  'proofs.jsonl',
  'checkpoint',
  'manifest.json',
  'schema.json',
  'README.txt',
  'index.html',
  'events.jsonl',
  'events.manifest.json',
];

/** The files by their folders; what has no place in a capsule is passed over. */
export function fileSets(chosen: readonly ChosenFile[]): FileSet[] {
  const sets = new Map<string, Map<string, File>>();
  for (const { folder, file } of chosen) {
    if (!known.includes(file.name)) continue;
    const files = sets.get(folder) ?? new Map<string, File>();
    sets.set(folder, files.set(file.name, file));
  }
  return [...sets]
    .map(([folder, files]) => ({ folder, files }))
    .filter(
      ({ files }) =>
        files.has('records.jsonl') || files.has('records.parquet') || files.has('statements.jsonl'),
    );
}

/** What somebody chose in the box for files or folders. */
export function filesOf(list: FileList | null): ChosenFile[] {
  return [...(list ?? [])].map((file) => ({
    folder: file.webkitRelativePath.split('/').slice(0, -1).join('/'),
    file,
  }));
}

/** What was dropped: files, and folders with what is in them. The answer can be asked again for what is in them. */
export function droppedFiles(items: DataTransferItemList): () => Promise<ChosenFile[]> {
  // Asked of all at once: after the first wait the browser has forgotten them.
  const entries = [...items].map((item) => item.webkitGetAsEntry());
  return async () => {
    const found: ChosenFile[] = [];
    for (const entry of entries) if (entry) found.push(...(await filesBelow(entry, '')));
    return found;
  };
}

async function filesBelow(entry: FileSystemEntry, folder: string): Promise<ChosenFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    ).catch(() => cannotRead(entry.name));
    return [{ folder, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside = folder === '' ? entry.name : `${folder}/${entry.name}`;
  const found: ChosenFile[] = [];
  for (;;) {
    // A hundred at a time, until there are none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    ).catch(() => cannotRead(entry.name));
    if (some.length === 0) return found;
    for (const one of some) found.push(...(await filesBelow(one, inside)));
  }
}

/** A browser tells of a stick that was pulled out in words of its own, and of no file by name. */
function cannotRead(name: string): never {
  throw new Error(
    `${name} can’t be read: it is gone or was changed since it was chosen, or its disk was pulled out or is damaged. Put it back as it was and try again, or choose the folder anew`,
  );
}

/** The bytes from there up to there. Fails by the file's name where it is gone. */
export async function readPart(file: File, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await file
    .slice(from, to)
    .arrayBuffer()
    .catch(() => cannotRead(file.name));
  return new Uint8Array(bytes);
}

/** Of a file that is gone a browser may say that it is empty: what is empty is read before that is believed. */
export async function sizeOf(file: File): Promise<number> {
  if (file.size === 0) await file.arrayBuffer().catch(() => cannotRead(file.name));
  return file.size;
}

/** Read in parts: a file of gigabytes is never in memory. */
export async function sourceOf(file: File): Promise<ByteSource> {
  return {
    name: file.name,
    sizeBytes: await sizeOf(file),
    read: (from, to) => readPart(file, from, to),
  };
}
