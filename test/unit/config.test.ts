import { logFolderOf, parseConfig } from '../../workers/config';

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

describe('where contents are kept', () => {
  const bucket =
    's3://archive.example/unitrail/line-1?endpoint=https://s3.example.com:9000&region=eu-1&profile=line';
  const place = {
    ...{ kind: 'bucket', bucket: 'archive.example', prefix: 'unitrail/line-1/', region: 'eu-1' },
    ...{ endpoint: 'https://s3.example.com:9000', profile: 'line', lock: 'governance' },
  };

  test('is a folder, with the log beside the contents', () => {
    const { store, log } = parseConfig({ UNITRAIL_STORE: '/srv/store' });
    expect(store).toEqual({ first: { kind: 'folder', folder: '/srv/store' }, copy: null });
    expect(logFolderOf({ log })).toBe('/srv/store/log');
    expect(parseConfig({ UNITRAIL_STORE: '/srv/store', UNITRAIL_LOG: '/srv/log' }).log).toBe('/srv/log');
  });

  test('or a bucket, and another place holds the second copy', () => {
    expect(parseConfig({ UNITRAIL_STORE: bucket, UNITRAIL_STORE_COPY: '/srv/copy' }).store).toEqual({
      first: place,
      copy: { kind: 'folder', folder: '/srv/copy' },
    });
    const amazon = parseConfig({ UNITRAIL_STORE: 's3://archive?region=eu-central-1&lock=compliance' });
    expect(amazon.store.first).toMatchObject({
      prefix: '',
      endpoint: null,
      profile: null,
      lock: 'compliance',
    });
    const here = parseConfig({ UNITRAIL_STORE: 's3://archive?endpoint=http://127.0.0.1:7070' });
    expect(here.store.first).toMatchObject({ region: 'us-east-1' });
  });

  test('a bucket has no place for the log: embedded servers keep it at home, given ones have to be told', () => {
    expect(parseConfig({ UNITRAIL_STORE: bucket, UNITRAIL_HOME: '/srv/home' }).log).toBe('/srv/home/log');
    const given = { UNITRAIL_STORE: bucket, UNITRAIL_DATABASE_URL: database, TEMPORAL_ADDRESS: temporal };
    expect(() => logFolderOf(parseConfig(given))).toThrow('UNITRAIL_LOG: (missing) is not allowed');
    expect(logFolderOf(parseConfig({ ...given, UNITRAIL_LOG: '/srv/log' }))).toBe('/srv/log');
    expect(() => parseConfig({ UNITRAIL_LOG: bucket })).toThrow('UNITRAIL_LOG: a bucket is not allowed');
  });

  test.each([
    ['s3://archive', /^UNITRAIL_STORE: region= \(missing\) is not allowed/],
    ['s3://KEY:secret@archive?region=r', /^UNITRAIL_STORE: \(hidden\) is not allowed; s3:\/\/BUCKET/],
    [
      's3://archive?region=r&secret=secret',
      /^UNITRAIL_STORE: the option "secret" is not allowed; each of endpoint/,
    ],
    [
      's3://archive?endpoint=https://KEY:secret@s3.example.com',
      /^UNITRAIL_STORE: endpoint= \(hidden\) is not allowed/,
    ],
    [
      's3://archive?endpoint=http://s3.example.com',
      /^UNITRAIL_STORE: endpoint="http:\/\/s3.example.com" is not allowed; https/,
    ],
    [
      's3://archive?endpoint=https://s3.example.com/path',
      /^UNITRAIL_STORE: endpoint=".*path" is not allowed/,
    ],
    ['s3://ar_chive?region=r', /^UNITRAIL_STORE: the bucket "ar_chive" is not allowed; 3 to 63/],
    ['s3://archive/a%20b?region=r', /^UNITRAIL_STORE: the prefix ".*" is not allowed/],
    [
      's3://archive?region=r&lock=soft',
      /^UNITRAIL_STORE: lock="soft" is not allowed; governance or compliance/,
    ],
    ['s3://archive?region=r&region=s', /^UNITRAIL_STORE: the option "region" is not allowed/],
  ])('%s is refused, and no secret is repeated', (UNITRAIL_STORE, told) => {
    const refuse = (): unknown => parseConfig({ UNITRAIL_STORE });
    expect(refuse).toThrow(expect.objectContaining({ detail: { problems: [expect.stringMatching(told)] } }));
    expect(refuse).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/secret@|=secret/) }),
    );
  });

  test('two copies in one place are refused', () => {
    const same = [
      ['/srv/store', '/srv/store'],
      ['/srv/store', '/srv/store/'],
      ['/srv/store', '/srv/./copy/../store'],
      [bucket, bucket.replace('&profile=line', '')],
    ];
    for (const [UNITRAIL_STORE, UNITRAIL_STORE_COPY] of same)
      expect(() => parseConfig({ UNITRAIL_STORE, UNITRAIL_STORE_COPY })).toThrow(
        'UNITRAIL_STORE_COPY: the place of UNITRAIL_STORE is not allowed; another folder or bucket',
      );
  });
});
