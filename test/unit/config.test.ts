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
