import { readCanonical } from './canonical-check';
import { grouped } from './grouped';
import { wrongSigner, type KeysOnRecord } from './signed-by';
import type { Snapshot } from './snapshot';
import { factsOf, listFact, type Facts } from './stored-event';
import { digest, type Whole, type WrongOfCapsule, type BookedFile } from './whole-capsule';

export async function loadCapsuleFiles(snapshot: Snapshot): Promise<Map<string, BookedFile[]>> {
  const rows = await snapshot.rows<BookedFile & { id: string }>(
    'select capsule_id as id, name, size_bytes as "sizeBytes", sha256 from capsule_files order by capsule_id, name',
  );
  return grouped(rows, ({ id }) => id);
}

/**
 * A19. What was booked is what the manifests name: the event of the making tells the digest of the last of them, that one names
 * the other, and both of them all the rest. Each is signed by a key on record.
 */
export function checkCapsuleFiles(
  { row, files }: Pick<Whole, 'row' | 'files'>,
  keys: KeysOnRecord,
  wrong: WrongOfCapsule,
): void {
  if (row.manifest === null || row.eventsManifest === null) {
    if (files.length > 0) wrong(`${files.length} files`, 'none, as it is not made');
    return;
  }
  const [manifest, events] = [row.manifest, row.eventsManifest].map((text) =>
    factsOf(readCanonical(text).value),
  );
  const signers = [manifest!, events!].map((facts) => wrongSigner(facts, keys)).filter((id) => id !== null);
  for (const id of signers)
    wrong(`a manifest with a signature of key ${id} that does not hold`, 'one of a key on record');
  if (manifest!.capsule !== row.id || events!.capsule !== row.id)
    wrong(`manifests of ${String(manifest!.capsule)} and ${String(events!.capsule)}`, `those of ${row.id}`);
  if (events!.manifestSha256 !== digest(row.manifest))
    wrong(
      `manifest ${digest(row.manifest)}`,
      `${String(events!.manifestSha256)}, which the events' manifest names`,
    );
  const named = [
    ...[...filesOf(manifest!), ...filesOf(events!)].map(lineOf),
    lineOf(itself('manifest.json', row.manifest)),
    lineOf(itself('events.manifest.json', row.eventsManifest)),
  ];
  compareLines(files.map(lineOf), named, wrong);
}

function filesOf(manifest: Facts): BookedFile[] {
  return listFact(manifest, 'files').map((file) => factsOf(file) as unknown as BookedFile);
}

function itself(name: string, text: string): BookedFile {
  return { name, sizeBytes: Buffer.byteLength(text), sha256: digest(text) };
}

function lineOf({ name, sizeBytes, sha256 }: BookedFile): string {
  return `${name} of ${sizeBytes} bytes, ${sha256}`;
}

function compareLines(found: readonly string[], named: readonly string[], wrong: WrongOfCapsule): void {
  for (const line of found) if (!named.includes(line)) wrong(line, 'a file that its manifests name');
  for (const line of named) if (!found.includes(line)) wrong('no such file on record', line);
}
