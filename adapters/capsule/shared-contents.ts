import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { schemaDocument } from './schema-document';

const PAGE = join(__dirname, 'index.html');

/** The page that shows one serial. */
export async function pageText(): Promise<string> {
  return readFile(PAGE, 'utf8');
}

/** What is the same in every capsule that this version writes: the page, the schema, a list with nothing in it. */
export async function sharedContents(): Promise<string[]> {
  return [await pageText(), schemaDocument(), ''];
}
