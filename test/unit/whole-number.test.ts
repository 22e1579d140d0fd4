import { Command } from 'commander';
import { register as registerPriority } from '../../cli/batch-priority';
import { register as registerWindow } from '../../cli/batch-window';

test.each([
  ['window B-1 abc', 'units: "abc" is not allowed; a whole number from 1 to 1000'],
  ['window B-1 8.5', 'units: "8.5" is not allowed; a whole number from 1 to 1000'],
  ['priority B-1 10', 'priority: "10" is not allowed; a whole number from -9 to 9'],
])('batch %s is refused with the word that was typed', async (line, problem) => {
  const program = new Command();
  for (const register of [registerWindow, registerPriority]) register(program, {} as never);
  const typed = ['batch', ...line.split(' '), '--by', '17'];
  await expect(program.parseAsync(typed, { from: 'user' })).rejects.toMatchObject({
    ...{ code: 'INPUT_INVALID', message: problem },
  });
});
