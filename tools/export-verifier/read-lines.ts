import { decoded } from './read-csv';

/** The lines of a file of JSON documents. Each ends with a line feed; what does not was cut off, and is given all the same. */
export async function* readLines(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const text of decoded(path, 'utf-8')) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
