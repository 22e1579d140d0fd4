import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { freePort } from '../../adapters/stack/free-port';
import { prepareHome } from '../../adapters/stack/home';
import { closedFolder, ourselves, systemUser } from '../../adapters/stack/postgres-user';
import { joinStack, stopEverything, type JoinOptions, type Stack } from '../../adapters/stack/stack';

const memberScript = join(__dirname, '..', 'support', 'stack-member.ts');
const postgresSettings = { fsync: 'off' };
const isRoot = process.getuid?.() === 0;

let home: string;
let members: Member[];

beforeEach(async () => {
  home = join(await realpath(await mkdtemp(join(tmpdir(), 'unitrail-stack-'))), 'home');
  members = [];
});

afterEach(async () => {
  await Promise.all(members.map((member) => member.kill()));
  await stopEverything(await prepareHome(home));
  await rm(join(home, '..'), { recursive: true, force: true });
});

const enter = (extra: Partial<JoinOptions> = {}): Promise<Stack> =>
  joinStack({ home, say: () => {}, postgresSettings, ...extra });

interface Servers {
  readonly ownerUrl: string;
  readonly temporal: { readonly address: string };
}

/** A user of the stack in a process of its own. */
class Member {
  private constructor(
    private readonly child: ChildProcess,
    readonly servers: Servers,
  ) {}

  static async start(env: NodeJS.ProcessEnv = process.env): Promise<Member> {
    const child = spawn(process.execPath, ['--import', 'tsx', memberScript, home], { env, stdio: 'pipe' });
    const [out, err] = [[] as Buffer[], [] as Buffer[]];
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const servers = await new Promise<Servers>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        out.push(chunk);
        const [line, more] = Buffer.concat(out).toString().split('\n');
        if (more !== undefined) resolve(JSON.parse(line!) as Servers);
      });
      child.once('exit', () => reject(new Error(`ended: ${Buffer.concat(err).toString()}`)));
    });
    const member = new Member(child, servers);
    members.push(member);
    return member;
  }

  private ended(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => this.child.once('exit', () => resolve()));
  }

  async leave(): Promise<void> {
    this.child.stdin!.end();
    await this.ended();
    expect(this.child.exitCode).toBe(0);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended();
  }
}

/** What lies in the home knows its processes; a process that has ended has no command line. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'not linux')) !== '';
}

/** The test's own time-out bounds it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function postgresPid(): Promise<number> {
  const text = await readFile(join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8');
  return Number(text.split('\n')[0]);
}

async function processPid(name: string): Promise<number> {
  const record = JSON.parse(await readFile(join(home, 'processes', `${name}.json`), 'utf8')) as {
    pid: number;
  };
  return record.pid;
}

async function query<T>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

async function withTemporal<T>(address: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

const startWorkflow = (address: string, workflowId: string): Promise<unknown> =>
  withTemporal(address, ({ workflowService }) =>
    workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId,
      workflowType: { name: 'nobody-runs-this' },
      taskQueue: { name: 'stack-test' },
      requestId: workflowId,
    }),
  );

const findWorkflow = (address: string, workflowId: string): Promise<string | null | undefined> =>
  withTemporal(address, async ({ workflowService }) => {
    const found = await workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId },
    });
    return found.workflowExecutionInfo?.execution?.workflowId;
  });

test('a second process attaches, the first one leaves the servers running, the last one stops them', async () => {
  const first = await Member.start();
  const second = await Member.start();
  const pids = [await postgresPid(), await processPid('temporal')];

  expect(second.servers).toEqual(first.servers);
  await first.leave();
  expect(await query(second.servers.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(await Promise.all(pids.map(isAlive))).toEqual([true, true]);

  await second.leave();
  expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]);
  expect((await readdir(home)).filter((name) => name.endsWith('.lock'))).toEqual([]);
});

test('two processes that start at the same moment get the same servers', async () => {
  const [one, other] = await Promise.all([Member.start(), Member.start()]);

  expect(one.servers).toEqual(other.servers);
});

test('after every process was killed, the next start has the same addresses and the data', async () => {
  const member = await Member.start();
  const { ownerUrl, temporal } = member.servers;
  await query(ownerUrl, "create table kept as select 'here' as word");
  await startWorkflow(temporal.address, 'kept');
  const pids = [await postgresPid(), await processPid('temporal')];

  await member.kill();
  pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
  // The system takes a port back a moment after its process is gone.
  const ports = [new URL(ownerUrl).port, temporal.address.split(':')[1]];
  for (const port of ports) await until(async () => (await freePort(Number(port))) === Number(port));

  const stack = await enter();
  expect(stack.ownerUrl).toBe(ownerUrl);
  expect(stack.temporal.address).toBe(temporal.address);
  expect(await query(stack.ownerUrl, 'select word from kept')).toEqual([{ word: 'here' }]);
  expect(await findWorkflow(stack.temporal.address, 'kept')).toBe('kept');
  await stack.leave();
});

test('where other programs took the ports meanwhile, the servers start on others', async () => {
  const before = await enter();
  await before.leave();
  const ports = [before.ownerUrl, before.temporal.uiUrl].map((url) => Number(new URL(url).port));
  const takers = ports.map((port) => createServer().listen(port, '127.0.0.1'));
  await Promise.all(takers.map((taker) => once(taker, 'listening')));

  const stack = await enter();

  expect(await query(stack.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(stack.temporal.uiUrl).not.toBe(before.temporal.uiUrl);
  expect(stack.temporal.address).toBe(before.temporal.address);
  await stack.leave();
  takers.forEach((taker) => taker.close());
});

test('a member that was killed is not counted: the last living one stops the servers', async () => {
  const killed = await Member.start();
  const stack = await enter();
  const pid = await postgresPid();

  await killed.kill();
  // The server has to notice first: on a busy machine that takes a moment.
  const members = `select count(*)::int as members from pg_stat_activity where application_name = 'unitrail-stack'`;
  await until(async () => (await query<{ members: number }>(stack.ownerUrl, members))[0]!.members === 1);
  await stack.leave();

  expect(await isAlive(pid)).toBe(false);
});

test('a member is counted again after Postgres was killed and started by somebody else', async () => {
  const stack = await enter();
  process.kill(await postgresPid(), 'SIGKILL');

  const other = await Member.start();
  const pid = await postgresPid();
  const count =
    "select count(*)::int as count from pg_stat_activity where application_name = 'unitrail-stack'";
  const counted = async (): Promise<unknown> =>
    (await query<{ count: number }>(stack.ownerUrl, count))[0]?.count;
  await until(async () => (await counted()) === 2);
  await other.leave();

  expect(await isAlive(pid)).toBe(true);
  await stack.leave();
  expect(await isAlive(pid)).toBe(false);
});

test('the server is as the design says: UTF8, C, SCRAM, 127.0.0.1 only, 200 connections', async () => {
  const stack = await enter({ postgresSettings: {} });
  const admin = await stack.loginUrl('postgres');

  const [row] = await query<Record<string, string>>(
    admin,
    `select getdatabaseencoding() as encoding, datcollate, pg_get_userbyid(datdba) as owner,
       current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
       current_setting('max_connections') as connections, current_setting('synchronous_commit') as commit,
       (select string_agg(distinct auth_method, ',') from pg_hba_file_rules) as authentication
     from pg_database where datname = current_database()`,
  );

  expect(row).toEqual({
    encoding: 'UTF8',
    datcollate: 'C',
    owner: 'unitrail_owner',
    addresses: '127.0.0.1',
    sockets: '',
    connections: '200',
    commit: 'on',
    authentication: 'scram-sha-256',
  });
  const [role] = await query<Record<string, boolean>>(
    admin,
    "select rolcanlogin, rolcreaterole, rolsuper from pg_roles where rolname = 'unitrail_owner'",
  );
  expect(role).toEqual({ rolcanlogin: true, rolcreaterole: true, rolsuper: false });
  await stack.leave();
});

test('passwords lie in logins.json, for this user only, and a login keeps its password', async () => {
  const stack = await enter();

  const urls = await Promise.all(['unitrail_office', 'unitrail_desk', 'unitrail_office'].map(stack.loginUrl));

  expect(urls[0]).toBe(urls[2]);
  expect(urls[0]).toMatch(/^postgres:\/\/unitrail_office:[\w-]{32}@127\.0\.0\.1:\d+\/unitrail$/);
  expect(urls[1]).not.toContain(new URL(urls[0]!).password);
  const file = join(home, 'logins.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(Object.keys(JSON.parse(await readFile(file, 'utf8')) as object).sort()).toEqual([
    'postgres',
    'unitrail_desk',
    'unitrail_office',
    'unitrail_owner',
  ]);
  await expect(stack.loginUrl("x'; drop")).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await stack.leave();
});

test('a lost logins.json is an error that says what to do, and nothing is left running', async () => {
  await (await enter()).leave();
  await rm(join(home, 'logins.json'));

  await expect(enter()).rejects.toMatchObject({
    code: 'CONFIGURATION_INVALID',
    message: expect.stringContaining('logins.json is missing'),
  });
  expect(await isAlive(await processPid('temporal'))).toBe(false);
});

test('the lock of a process that was killed, its half-made database and its pid file are no obstacle', async () => {
  await (await enter()).leave();
  const lock = join(home, 'stack.lock');
  await mkdir(lock);
  await utimes(lock, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
  // The number of the killed server now belongs to somebody else: to this test.
  const pidFile = join(home, 'postgres', 'data', 'postmaster.pid');
  await writeFile(
    pidFile,
    `${process.pid}\n${join(home, 'postgres', 'data')}\n1\n1\n\n127.0.0.1\n0 0\nready\n`,
  );

  const stack = await enter();

  expect(await query(stack.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  await stack.leave();
});

test('what a killed initdb left is thrown away', async () => {
  const unfinished = join((await prepareHome(home)).postgres, 'init-abc');
  await mkdir(unfinished, { recursive: true });
  await writeFile(join(unfinished, 'PG_VERSION'), '18');

  const stack = await enter();

  expect((await readdir(join(home, 'postgres'))).sort()).toEqual(['data', 'port', 'server.log']);
  await stack.leave();
});

test('a start that fails half-way leaves nothing running', async () => {
  const broken = join(home, '..', 'temporal');
  await writeFile(
    broken,
    '#!/bin/sh\n[ "$1" = --version ] && echo "(Server 1.31.2)" || { sleep 2; echo "no luck today"; }\n',
  );
  await chmod(broken, 0o755);

  const failed = enter({ temporalCli: broken });

  await expect(failed).rejects.toMatchObject({
    code: 'TEMPORAL_UNAVAILABLE',
    message: expect.stringContaining('no luck today'),
  });
  await expect(postgresPid()).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a start that is called off leaves nothing running', async () => {
  const controller = new AbortController();
  const say = (line: string): void => {
    if (line.startsWith('Starting the Temporal')) controller.abort(new Error('Ctrl-C'));
  };

  await expect(enter({ say, signal: controller.signal })).rejects.toThrow('Ctrl-C');

  await expect(postgresPid()).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await processPid('temporal')).toBeNull();
});

test('a further process is started once, found by others, replaced when killed, and stopped by the last one', async () => {
  const [stack, other] = [await enter(), await enter()];
  const server = `require('node:http').createServer((_, answer) => answer.end('here')).listen(process.argv[2])`;
  const start = async (user: Stack): ReturnType<Stack['ensureProcess']> => {
    const last = await user.lastInfo('echo');
    const port = String(await freePort(Number(last?.port)));
    return user.ensureProcess({
      name: 'echo',
      command: process.execPath,
      args: ['-e', server, home, port],
      info: { port },
      ready: async (info) => (await fetch(`http://127.0.0.1:${info.port}`)).ok,
    });
  };

  const [mine, yours] = await Promise.all([start(stack), start(other)]);
  expect(yours).toEqual(mine);
  process.kill(mine.pid, 'SIGKILL');
  await until(async () => !(await isAlive(mine.pid)));
  // The system takes the port back a moment after the process is gone.
  await until(async () => (await freePort(Number(mine.info.port))) === Number(mine.info.port));
  const again = await start(other);
  expect(again.pid).not.toBe(mine.pid);
  expect(again.info).toEqual(mine.info);

  await stack.leave();
  expect(await isAlive(again.pid)).toBe(true);
  await other.leave();
  expect(await isAlive(again.pid)).toBe(false);
});

test('where user namespaces are forbidden, Postgres runs as another user than root', async () => {
  const forbidding = join(home, '..', 'bin');
  await mkdir(forbidding);
  await writeFile(join(forbidding, 'unshare'), '#!/bin/sh\nexit 1\n');
  await chmod(join(forbidding, 'unshare'), 0o755);
  await chmod(join(home, '..'), 0o711);

  const member = await Member.start({ ...process.env, PATH: `${forbidding}:${process.env.PATH}` });

  const pid = await postgresPid();
  expect((await stat(join(home, 'postgres', 'data'))).uid).not.toBe(0);
  await member.leave();
  expect(await isAlive(pid)).toBe(false);
});

test('the folder that is closed to the user of Postgres is named', async () => {
  const closed = join(home, 'closed');
  await mkdir(join(closed, 'inner'), { recursive: true, mode: 0o755 });
  await chmod(join(home, '..'), 0o755);
  await chmod(closed, isRoot ? 0o700 : 0o000);
  const user = isRoot ? (await systemUser())! : ourselves;

  expect(await closedFolder(user, [join(closed, 'inner')])).toBe(closed);
  await chmod(closed, 0o755);
  expect(await closedFolder(user, [join(closed, 'inner')])).toBeNull();
});
