import { openCliScene, saidBy, startCli, type CliScene } from '../support/cli';
import { createNamespace } from '../support/temporal-namespace';

let scene: CliScene;

beforeAll(async () => {
  const { namespace } = await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!);
  scene = await openCliScene({ TEMPORAL_NAMESPACE: namespace });
});

afterAll(async () => {
  await scene?.close();
});

test('a worker works until it is told to stop, and ends in order', async () => {
  const child = startCli(['worker', '--role', 'workflows'], scene.env);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const said = await saidBy(child, 'The workflows worker works.');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(said()).toMatch(/Stopping: takes no new work, and waits for what is under way\.\nStopped\.\n$/);
});

test.each([
  [
    'a station before a plant file was applied',
    '--role station --station line-1',
    'No plant file has been applied yet.',
  ],
  [
    'a station without a login',
    '--role station --station line-7',
    'no URL for login unitrail_station_line_7 is in the file',
  ],
])('%s is refused', async (_, options, message) => {
  const { code, out, err } = await scene.run(`worker ${options}`);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
});

test('a worker without Temporal says so', async () => {
  const { code, err } = await scene.run('worker --role office', { TEMPORAL_ADDRESS: '127.0.0.1:9' });
  expect({ code, err }).toEqual({ code: 1, err: 'unitrail: Temporal does not answer at 127.0.0.1:9.\n' });
});
