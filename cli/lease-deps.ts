import { createSchemeKeys } from '../adapters/keys/scheme-keys';
import { createWatermark } from '../adapters/registry/watermark';
import type { LeaseDeps, LeaseFile } from '../activities/lease-site';
import { requireRoomFor, writeOutFile } from './out-file';
import { say } from './output';
import type { ServerContext } from './server-context';

/** The desk, with the registry's file: a number that leaves the house in a lease has to be in it. */
export async function leaseDeps(context: ServerContext): Promise<LeaseDeps> {
  const db = await context.desk();
  const { env } = context;
  return {
    ...{ db, env, keys: createSchemeKeys(env) },
    watermark: createWatermark({ db, file: context.config().watermark }),
  };
}

interface Out {
  readonly out: string;
  readonly force?: boolean;
}

/** Makes the file and writes it: nothing is done where it can't be written. Gone wrong all the same, `again` gives it. */
export async function writeLeaseFile<Document>(
  context: ServerContext,
  { out, force }: Out,
  make: () => Promise<LeaseFile<Document>>,
  again: (document: Document) => string,
): Promise<LeaseFile<Document>> {
  await requireRoomFor(out, force === true);
  const file = await make();
  try {
    await writeOutFile(out, force === true, async (stream) => void stream.write(file.text));
    return file;
  } catch (error) {
    await say(context, `It is on record; to get the file: \`${again(file.document)}\`.`);
    throw error;
  }
}
