import { EventEmitter } from 'node:events';
import { Interrupted, Interruption } from '../../cli/interruption';

let emitter: EventEmitter;
let interruption: Interruption;

beforeEach(() => {
  emitter = new EventEmitter();
  interruption = new Interruption(emitter as NodeJS.Process);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])(
  '%s ends a command that takes no signals, with the exit code that a shell expects',
  async (signal, exitCode) => {
    emitter.emit(signal, signal);
    await expect(interruption.untaken).rejects.toMatchObject({ exitCode });
  },
);

test('a command that took over is told once to stop, and again at each further signal', async () => {
  const again = jest.fn();
  const stop = interruption.takeOver(again);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGINT']) emitter.emit(signal, signal);
  expect(stop.aborted).toBe(true);
  expect(stop.reason).toBeInstanceOf(Interrupted);
  expect(again).toHaveBeenCalledTimes(2);
  await expect(Promise.race([interruption.untaken, Promise.resolve('still open')])).resolves.toBe(
    'still open',
  );
});

test('a command that takes over too late sees that it has to stop', () => {
  emitter.emit('SIGINT', 'SIGINT');
  expect(interruption.takeOver(() => {}).aborted).toBe(true);
});

test('a command that gave its signals back is ended by the next one, and by one that it took and did not heed', async () => {
  interruption.takeOver(() => {});
  interruption.giveBack();
  emitter.emit('SIGINT', 'SIGINT');
  await expect(interruption.untaken).rejects.toMatchObject({ exitCode: 130 });

  const others = new EventEmitter();
  const late = new Interruption(others as NodeJS.Process);
  late.takeOver(() => {});
  others.emit('SIGTERM', 'SIGTERM');
  late.giveBack();
  await expect(late.untaken).rejects.toMatchObject({ exitCode: 143 });
});

test('after the command the process has its signals back', () => {
  interruption.close();
  expect(emitter.listenerCount('SIGINT') + emitter.listenerCount('SIGTERM')).toBe(0);
});
