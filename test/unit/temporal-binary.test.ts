import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, findTemporalBinary } from '../../adapters/stack/temporal-binary';

/** A folder with a home and a PATH of its own, in which scripts stand for the programs. */
let root: string;
let lines: string[];

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'unitrail-binary-')));
  lines = [];
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    HOME: join(root, 'home'),
    XDG_CACHE_HOME: join(root, 'cache'),
    PATH: `${join(root, 'bin')}:/usr/bin:/bin`,
    // Nobody listens there: the SDK's download fails at once, on every machine.
    HTTPS_PROXY: 'http://127.0.0.1:1',
    ...extra,
  };
}

async function script(path: string, body: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

const temporal = (path: string, server = '1.31.2'): Promise<string> =>
  script(path, `echo "temporal version 1.8.2 (Server ${server}, UI 2.50.1)"`);

/** Writes a program to where the flag -o says, as the real one does; notes that it was asked. */
const go = (version: string): Promise<string> =>
  script(
    join(root, 'bin', 'go'),
    `if [ "$1" = version ]; then echo "go version go${version} linux/amd64"; exit; fi
echo "$*" >> "${root}/go-calls"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho "temporal version 0.0.0-DEV (Server 1.31.2, UI 2.50.1)"\\n' > "$2"
chmod +x "$2"`,
  );

const find = (extra: NodeJS.ProcessEnv = {}): Promise<string> =>
  findTemporalBinary({ env: environment(extra), say: (line) => void lines.push(line) });

const cached = (): string => join(cacheFolder(environment()), 'temporal');

test('the variable comes before PATH, and PATH before the cache', async () => {
  const named = await temporal(join(root, 'elsewhere', 'my-temporal'));
  const inPath = await temporal(join(root, 'bin', 'temporal'));
  const inCache = await temporal(cached());

  expect(await find({ UNITRAIL_TEMPORAL_CLI: named })).toBe(named);
  expect(await find()).toBe(inPath);
  await rm(inPath);
  expect(await find()).toBe(inCache);
  expect(lines).toEqual([]);
});

test('without XDG_CACHE_HOME the cache lies in the home folder', async () => {
  const env = environment();
  delete env.XDG_CACHE_HOME;
  const inCache = await temporal(join(cacheFolder(env), 'temporal'));

  expect(await findTemporalBinary({ env, say: () => {} })).toBe(inCache);
  expect(inCache).toContain(join(root, 'home'));
});

test('a variable that names no program is an error, although there is one in PATH', async () => {
  await temporal(join(root, 'bin', 'temporal'));
  const missing = join(root, 'nothing-here');

  await expect(find({ UNITRAIL_TEMPORAL_CLI: missing })).rejects.toMatchObject({
    code: 'CONFIGURATION_INVALID',
    message: expect.stringContaining(`UNITRAIL_TEMPORAL_CLI: "${missing}" is no file that can be executed`),
  });
});

test('a program with an old server is passed over in PATH, and refused in the variable', async () => {
  const old = await temporal(join(root, 'bin', 'temporal'), '1.28.4');
  const inCache = await temporal(cached());

  expect(await find()).toBe(inCache);
  await expect(find({ UNITRAIL_TEMPORAL_CLI: old })).rejects.toThrow(
    /has server 1\.28, and 1\.29 or later is needed/,
  );
});

test('without any program, Go builds one, which is kept in the cache and found there the next time', async () => {
  await go('1.26.4');

  const built = await find();

  expect(built).toBe(cached());
  expect(lines.join('\n')).toMatch(/download[\s\S]*Building the Temporal program/);
  await rm(join(root, 'bin', 'go'));
  expect(await find()).toBe(built);
  expect(await readdir(cacheFolder(environment()))).toEqual(['temporal']);
});

test('two searches at once build one program between them', async () => {
  await go('1.26.4');

  const [one, other] = await Promise.all([find(), find()]);

  expect(one).toBe(other);
  expect((await readFile(join(root, 'go-calls'), 'utf8')).trim().split('\n')).toHaveLength(1);
});

test('a build that is called off leaves nothing in the cache', async () => {
  await script(
    join(root, 'bin', 'go'),
    '[ "$1" = version ] && { echo go version go1.26.4; exit; }; sleep 60',
  );
  const controller = new AbortController();
  const say = (line: string): void => {
    if (line.startsWith('Building')) setTimeout(() => controller.abort(new Error('Ctrl-C')), 100);
  };

  const search = findTemporalBinary({ env: environment(), say, signal: controller.signal });

  await expect(search).rejects.toThrow('Ctrl-C');
  expect(await readdir(cacheFolder(environment()))).toEqual([]);
});

test('what a killed build left behind is cleared by the next one', async () => {
  await mkdir(join(cacheFolder(environment()), 'unfinished-abc'), { recursive: true });
  await go('1.26.4');

  await find();

  expect(await readdir(cacheFolder(environment()))).toEqual(['temporal']);
});

test('when all fails, one error says what was tried and what to do', async () => {
  await temporal(join(root, 'bin', 'temporal'), '1.20.0');
  await go('1.19.8');

  const failure = await find().catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 'CONFIGURATION_INVALID' });
  const { message } = failure as Error;
  expect(message).toContain('UNITRAIL_TEMPORAL_CLI is not set');
  expect(message).toContain('has server 1.20');
  expect(message).toMatch(/the download: .*connect/i);
  expect(message).toContain('Go 1.19 is in PATH, and 1.21 is needed');
  expect(message).toContain('TEMPORAL_ADDRESS together with UNITRAIL_DATABASE_URL');
});
