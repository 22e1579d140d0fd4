import { PassThrough } from 'node:stream';

import { Command } from 'commander';

import { createContext, type CliContext } from '../../cli/context';
import { configureCommand, fail, printJson, printTable } from '../../cli/output';
import type { Column } from '../../domain/columns';
import { UnitrailError } from '../../domain/errors';

interface Captured {
  readonly context: CliContext;
  out(): string;
  err(): string;
}

function capture(options: { args?: string[]; env?: NodeJS.ProcessEnv; columns?: number } = {}): Captured {
  const streams = { out: new PassThrough(), err: new PassThrough() };
  if (options.columns) Object.assign(streams.out, { isTTY: true, columns: options.columns });
  const context = createContext({
    args: options.args ?? [],
    env: options.env ?? {},
    ...streams,
    openDesk: () => Promise.reject(new Error('no database in this test')),
  });
  return {
    context,
    out: () => String(streams.out.read() ?? ''),
    err: () => String(streams.err.read() ?? ''),
  };
}

const columns: readonly Column<{ name: string; note: string }>[] = [
  { name: 'name', heading: 'Name', kind: 'text', value: ({ name }) => name },
  { name: 'note', heading: 'Note', kind: 'text', value: ({ note }) => note },
];

describe('a table', () => {
  const rows = [
    { name: 'EUDV2647-000001', note: 'x'.repeat(60) },
    { name: 'EUDV2647-000002', note: 'a\u001b[31mb' },
  ];

  it.each([30, 50, 100])(
    'is no wider than a terminal of %i columns, and says what it leaves out',
    async (width) => {
      const { context, out } = capture({ columns: width });
      await printTable(context, rows, columns);
      const [table, note] = out().trimEnd().split('\n(');
      expect(Math.max(...table!.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
      for (const { name } of rows) expect(table).toContain(name);
      if (width < 60) expect(note).toBe('no room for Note: a wider terminal shows more)');
      else expect([table!.match(/x/g)?.length, note]).toEqual([60, undefined]);
    },
  );

  it('goes on in the next line between words, a time between day and hour', async () => {
    const { context, out } = capture({ columns: 29 });
    const at: Column<string> = {
      name: 'at',
      heading: 'At',
      kind: 'date',
      value: () => new Date('2026-11-23T08:20:00.125Z'),
    };
    const told: Column<string> = {
      name: 'told',
      heading: 'What happened',
      kind: 'text',
      value: (text) => text,
    };
    await printTable(context, ['one two three', 'four'], [at, told]);
    expect(out()).toBe(
      [
        '┌─────────────┬─────────────┐',
        '│ At          │ What        │',
        '│             │ happened    │',
        '├─────────────┼─────────────┤',
        '│ 2026-11-23  │ one two     │',
        '│ 08:20:00    │ three       │',
        '│ 2026-11-23  │ four        │',
        '│ 08:20:00    │             │',
        '└─────────────┴─────────────┘',
        '',
      ].join('\n'),
    );
  });

  it('has neither frame nor colour where there is no terminal, one line a row', async () => {
    const { context, out } = capture();
    await printTable(context, rows, columns);
    expect(out()).toBe(
      ['Name             Note', `EUDV2647-000001  ${'x'.repeat(60)}`, 'EUDV2647-000002  a␛[31mb', ''].join(
        '\n',
      ),
    );
  });
});

describe('JSON', () => {
  it('is one line for a program and lines for a person', async () => {
    const program = capture();
    await printJson(program.context, { a: 1 });
    expect(program.out()).toBe('{"a":1}\n');
    const person = capture({ columns: 80 });
    await printJson(person.context, { a: 1 });
    expect(person.out()).toBe('{\n  "a": 1\n}\n');
  });

  it('is asked for before or after the sub-command, but not behind --', () => {
    expect(capture({ args: ['unit', 'list', '--json'] }).context.json).toBe(true);
    expect(capture({ args: ['unit', 'show', '--', '--json'] }).context.json).toBe(false);
  });
});

describe('a failure', () => {
  it.each([
    ['wrong input', new UnitrailError('INPUT_INVALID', 'limit: 0 is not allowed'), 2],
    ['something that is not there', new UnitrailError('NOT_FOUND', 'no such unit'), 2],
    ['a database that is away', new UnitrailError('DATABASE_UNAVAILABLE', 'it does not answer'), 1],
    ['a bug', new TypeError('x is not a function'), 1],
  ])('of %s is one message and the right exit code', (_, error, code) => {
    const { context, err, out } = capture();
    expect(fail(context, error)).toBe(code);
    const told = err();
    expect(told).toMatch(new RegExp(`^unitrail: ${error.message}.*\n$`));
    expect(told).not.toContain('at ');
    expect(out()).toBe('');
  });

  it('is a JSON object for programs', () => {
    const { context, err } = capture({ args: ['--json'] });
    fail(context, new UnitrailError('NOT_FOUND', 'no such unit', { kinds: ['serial'] }));
    expect(JSON.parse(err())).toEqual({
      error: { code: 'NOT_FOUND', message: 'no such unit', detail: { kinds: ['serial'] } },
    });
  });

  it('shows where it came from to those who ask, causes included', () => {
    const { context, err } = capture({ env: { UNITRAIL_DEBUG: '1' } });
    fail(context, new UnitrailError('INTERNAL', 'broken', {}, { cause: new Error('the cause') }));
    expect(err()).toMatch(/cli-output\.test[\s\S]*caused by Error: the cause/);
  });

  it('is none when the reader of a pipe has had enough', () => {
    const { context, err } = capture();
    expect(fail(context, Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBe(0);
    expect(err()).toBe('');
  });

  it('does not end the process when the pipe is closed while help or an error is written', () => {
    const { context } = capture();
    const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    expect(() => [context.out, context.err].map((stream) => stream.emit('error', closed))).not.toThrow();
  });

  it('of a mistyped option says so once and exits 2; help that was asked for exits 0', async () => {
    const { context, err, out } = capture();
    const program = new Command('unitrail');
    configureCommand(program, context);
    program.command('list').option('--limit <number>');
    const mistyped = await program
      .parseAsync(['list', '--limt', '1'], { from: 'user' })
      .catch((error: unknown) => error);
    expect(fail(context, mistyped)).toBe(2);
    expect(err()).toMatch(/^unitrail: unknown option '--limt'\n\(Did you mean --limit\?\)\n$/);
    const help = await program
      .parseAsync(['list', '--help'], { from: 'user' })
      .catch((error: unknown) => error);
    expect(fail(context, help)).toBe(0);
    expect(out()).toContain('--limit <number>');
    expect(err()).toBe('');
  });
});

describe('the desk', () => {
  it('is opened once, at the first call, and closed with the command', async () => {
    let opened = 0;
    let closed = 0;
    const desk = { destroy: () => Promise.resolve(void closed++) } as never;
    const { context } = capture();
    const own = createContext({ ...context, args: [], openDesk: () => Promise.resolve((opened++, desk)) });
    expect(opened).toBe(0);
    expect(await own.desk()).toBe(await own.desk());
    await own.close();
    await own.close();
    expect([opened, closed]).toEqual([1, 1]);
  });

  it('that could not be opened leaves nothing to close', async () => {
    const { context } = capture();
    await expect(context.desk()).rejects.toThrow('no database in this test');
    await expect(context.close()).resolves.toBeUndefined();
  });
});
