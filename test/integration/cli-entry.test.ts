import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { entries, type CommandModule } from '../../cli/commands';
import { lazily } from '../../cli/lazily';
import type { ServerContext } from '../../cli/server-context';
import { bareEnvironment, bin, runCli } from '../support/cli';

const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-entry-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('the help names every command, and is shown without loading a library of the servers', async () => {
  const { code, out } = await runCli(['--help'], bareEnvironment);
  const script = `require('tsx/cjs'); require(${JSON.stringify(join(dirname(bin), 'main.ts'))}); console.log(Object.keys(require.cache).filter((file) => /node_modules.(pg|knex|@temporalio)./.test(file)).length)`;
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: dirname(bin) });
  expect(code).toBe(0);
  for (const [name, { summary }] of Object.entries(entries))
    expect(out).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'));
  expect(stdout).toBe('0\n');
});

test('every command is in the file that the list names', () => {
  for (const [name, { load }] of Object.entries(entries)) {
    const files = typeof load === 'string' ? { [name]: load } : load;
    for (const [part, file] of Object.entries(files)) {
      const program = new Command();
      lazily<CommandModule>(file.replace('./', '../cli/')).register(program, {} as ServerContext);
      const path = typeof load === 'string' ? program.commands : program.commands[0]!.commands;
      expect({ file, names: path.map((command) => command.name()) }).toEqual({ file, names: [part] });
    }
  }
});

test('it starts from any folder, whatever TypeScript is set to there, and leaves nothing in the folder for temporary files', async () => {
  const elsewhere = join(folder, 'elsewhere');
  const temporary = join(folder, 'tmp');
  await mkdir(elsewhere);
  await mkdir(temporary);
  await writeFile(join(elsewhere, 'tsconfig.json'), '{ this is no JSON');
  const env = { ...bareEnvironment, TMPDIR: temporary, XDG_CACHE_HOME: join(folder, 'cache') };
  const { code, out } = await runCli(['--version'], env, elsewhere);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(await readdir(temporary)).toEqual([]);
  expect(await readdir(join(folder, 'cache'))).toEqual(['unitrail']);
});

test.each([
  ['an unknown command', ['bacth'], "unitrail: unknown command 'bacth'\n(Did you mean batch?)\n"],
  ['an unknown part of a group', ['batch', 'begin'], "unitrail: unknown command 'begin'\n"],
  ['an unknown option', ['batch', 'list', '--all'], "unitrail: unknown option '--all'\n"],
  ['a missing argument', ['apply'], "unitrail: missing required argument 'plant.yaml'\n"],
  [
    'a role that is none',
    ['worker', '--role', 'cook'],
    "argument 'cook' is invalid. Allowed choices are office, station, workflows.",
  ],
  ['a station without its id', ['worker', '--role', 'station'], '--station: (missing) is not allowed'],
  [
    'a station for the office',
    ['worker', '--role', 'office', '--station', 'line-1'],
    '--station: "line-1" is not allowed; --station only with --role station',
  ],
])('%s exits 2', async (_, args, message) => {
  expect(await runCli(args, bareEnvironment)).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining(message),
  });
});

test('a worker never starts servers', async () => {
  const env = { ...bareEnvironment, UNITRAIL_HOME: join(folder, 'none') };
  expect(await runCli(['worker', '--role', 'office'], env)).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining('No servers run in'),
  });
});

test('a Node that is too old is told so', async () => {
  const script = `Object.defineProperty(process.versions, 'node', { value: '18.20.1' }); require(${JSON.stringify(bin)})`;
  await expect(run(process.execPath, ['-e', script])).rejects.toMatchObject({
    code: 1,
    stderr:
      'unitrail: Node.js 20.3 or later is needed, and this is 18.20.1. Install a newer one: https://nodejs.org\n',
  });
});

test('a checkout without its packages says what to do', async () => {
  const copy = join(folder, 'checkout', 'cli', 'unitrail.js');
  await cp(bin, copy);
  await expect(run(process.execPath, [copy])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Run npm ci in'),
  });
});
