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

/** What was dropped: files, and folders with what is in them. */
export async function droppedFiles(items: DataTransferItemList): Promise<ChosenFile[]> {
  // Asked of all at once: after the first wait the browser has forgotten them.
  const entries = [...items].map((item) => item.webkitGetAsEntry());
  const found: ChosenFile[] = [];
  for (const entry of entries) if (entry) found.push(...(await filesBelow(entry, '')));
  return found;
}

async function filesBelow(entry: FileSystemEntry, folder: string): Promise<ChosenFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ folder, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside = folder === '' ? entry.name : `${folder}/${entry.name}`;
  const found: ChosenFile[] = [];
  for (;;) {
    // A hundred at a time, until there are none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return found;
    for (const one of some) found.push(...(await filesBelow(one, inside)));
  }
}

/** Read in parts: a file of gigabytes is never in memory. */
export function sourceOf(file: File): ByteSource {
  return {
    name: file.name,
    sizeBytes: file.size,
    read: async (from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer()),
  };
}
