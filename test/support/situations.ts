import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A row of a page's table of situations: what happens is told there, and shown by the test that it names. */
export interface Situation {
  readonly situation: string;
  readonly file: string;
  readonly name: string;
}

/** The rows of the page's table under this header, cell by cell, without marks of code. */
export function tableOf(page: string, header: string): string[][] {
  const [, body = ''] = page.split(`${header}\n`);
  const lines = body.split('\n').slice(1);
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(0, end).map((line) => {
    const cells = line.split('|').slice(1, -1);
    return cells.map((cell) => cell.trim().replaceAll('`', ''));
  });
}

export function situationsOf(page: string): Situation[] {
  return tableOf(page, '| situation | what happens | test |').map(([situation = '', , where = '']) => {
    const [file = '', ...name] = where.split(': ');
    return { situation, file, name: name.join(': ') };
  });
}

export function isShown({ file, name }: Situation): boolean {
  return isTest(readFileSync(join(__dirname, '..', file), 'utf8'), name);
}

/** A test of this name stands in the text; what a row of its table puts into the name stands there as well. */
export function isTest(text: string, name: string): boolean {
  const names = [...text.matchAll(/\b(?:it|test)(?:\.each\([\s\S]*?\]\))?\(\s*(['"`])(.+?)\1,/g)].map(
    ([, , n]) => n!,
  );
  return names.some((candidate) => {
    const parts = candidate.split('%s').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const match = new RegExp(`^${parts.join('(.+)')}$`).exec(name);
    return match !== null && match.slice(1).every((filled) => text.includes(`'${filled}'`));
  });
}
