import { parseConfig } from '../../workers/config';

const database = 'postgres://unitrail_office_login:secret@db.example.com:5432/unitrail';
const temporal = 'temporal.example.com:7233';

test('nothing set means the embedded servers, both set the given ones', () => {
  expect(parseConfig({}).servers).toBe('embedded');
  const given = { UNITRAIL_DATABASE_URL: database, TEMPORAL_ADDRESS: temporal };
  expect(parseConfig(given)).toMatchObject({ servers: 'given', databaseUrl: database });
});

test.each([
  ['the database', { UNITRAIL_DATABASE_URL: database }, /TEMPORAL_ADDRESS: \(missing\)/],
  ['Temporal', { TEMPORAL_ADDRESS: temporal }, /UNITRAIL_DATABASE_URL: \(missing\)/],
])('%s alone is refused, and the message names what is missing', (_what, env, message) => {
  expect(() => parseConfig(env)).toThrow(message);
});

test('a process of workflow code alone needs Temporal and no database login', () => {
  expect(parseConfig({ TEMPORAL_ADDRESS: temporal }, 'none')).toMatchObject({
    servers: 'given',
    databaseUrl: null,
  });
  expect(() => parseConfig({ UNITRAIL_DATABASE_URL: database }, 'none')).toThrow(/TEMPORAL_ADDRESS/);
});

test('a port alone is one of this machine only, for metrics', () => {
  expect(parseConfig({}).metricsAddress).toBeNull();
  expect(parseConfig({ UNITRAIL_METRICS_ADDRESS: '9464' }).metricsAddress).toBe('127.0.0.1:9464');
  expect(parseConfig({ UNITRAIL_METRICS_ADDRESS: '0.0.0.0:9464' }).metricsAddress).toBe('0.0.0.0:9464');
  expect(() => parseConfig({ UNITRAIL_METRICS_ADDRESS: '70000' })).toThrow(
    'UNITRAIL_METRICS_ADDRESS: "70000" is not allowed; a port (of this machine only) or host:port',
  );
});

test('a webhook is two references, and a secret that stands there in plain is not repeated', () => {
  const env = { UNITRAIL_WEBHOOK_URL: 'file:/etc/hook', UNITRAIL_WEBHOOK_SECRET: 'env:HOOK_SECRET' };
  expect(parseConfig(env).webhook).toEqual({ url: 'file:/etc/hook', secret: 'env:HOOK_SECRET' });
  expect(() => parseConfig({ ...env, UNITRAIL_WEBHOOK_SECRET: 'whsec_c2VjcmV0' })).toThrow(
    'UNITRAIL_WEBHOOK_SECRET: (hidden) is not allowed; where it lies, as env:NAME or file:PATH',
  );
  expect(() => parseConfig({ UNITRAIL_WEBHOOK_URL: 'env:HOOK' })).toThrow(
    'UNITRAIL_WEBHOOK_SECRET: (missing) is not allowed beside UNITRAIL_WEBHOOK_URL; set both or neither',
  );
  expect(() => parseConfig({ UNITRAIL_HELD_TOO_LONG_MINUTES: '2h' })).toThrow(
    'UNITRAIL_HELD_TOO_LONG_MINUTES: "2h" is not allowed; a whole number of minutes from 1 to 999999',
  );
});

test('every problem is told at once, and a database URL never shows its password', () => {
  const env = {
    UNITRAIL_DATABASE_URL: 'mysql://root:secret@db/unitrail',
    TEMPORAL_ADDRESS: temporal,
    UNITRAIL_BENCH_ADDRESS: 'nowhere',
    UNITRAIL_LOG_LEVEL: 'loud',
  };
  const message = (() => {
    try {
      parseConfig(env);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  })();
  expect(message).toContain('UNITRAIL_DATABASE_URL: (hidden) is not allowed');
  expect(message).toContain('UNITRAIL_BENCH_ADDRESS: "nowhere" is not allowed; host:port');
  expect(message).toContain('UNITRAIL_LOG_LEVEL: "loud" is not allowed; one of debug, info, warn, error');
  expect(message).not.toContain('secret');
});
