import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entries } from '../../cli/commands';

/** The rows of the README's table of commands, by their first cell. */
const cells = readFileSync(join(__dirname, '../../README.md'), 'utf8')
  .split('\n## Commands\n')[1]!
  .split('\n## ')[0]!
  .split('\n')
  .filter((row) => row.startsWith('| `unitrail'))
  .map((row) => row.split(/(?<!\\)\|/)[1]!.replaceAll('\\|', '|'));

const names = Object.entries(entries).flatMap(([name, { load }]) =>
  typeof load === 'string' ? [[name]] : Object.keys(load).map((sub) => [name, sub]),
);

/** `unitrail log show|proof SERIAL` names both. */
function isThere(command: readonly string[]): boolean {
  const spans = cells.flatMap((cell) =>
    [...cell.matchAll(/`(?:unitrail )?([^`]+)`/g)].map(([, span]) => span!.split(' ')),
  );
  return spans.some((words) => command.every((name, at) => words[at]?.split('|').includes(name)));
}

it.each(names.map((command) => command.join(' ')))('the README lists unitrail %s', (command) => {
  expect(isThere(command.split(' '))).toBe(true);
});

it('misses a command that no row names', () => {
  expect(isThere(['retention', 'regret'])).toBe(false);
});
