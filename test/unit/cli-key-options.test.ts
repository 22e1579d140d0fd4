import { bareEnvironment, runCli } from '../support/cli';

/** Before any server is asked: nowhere is one. */
const env = { ...bareEnvironment, UNITRAIL_DATABASE_URL: 'postgres://desk@127.0.0.1:1/unitrail' };
const exportKey = `MCowBQYDK2VwAyEA${'A'.repeat(43)}=`;

test.each([
  ['log verify --log-key junk', '--log-key'],
  ['audit --log-key junk', '--log-key'],
  ['audit --log-key log.example/unitrail+00000000+AAAA', '--log-key'],
  [`audit --log-key ${exportKey}`, '--log-key'],
  ['audit --export-key junk', '--export-key'],
  [`audit --export-key ${exportKey} junk`, '--export-key'],
])('`%s` is refused, with the option and what is allowed', async (line, option) => {
  const allowed = option === '--log-key' ? 'a public key of a log: ' : 'a public key of Ed25519 in base64, ';
  expect(await runCli(line.split(' '), env)).toEqual({
    ...{ code: 2, out: '' },
    err: expect.stringContaining(`unitrail: ${option}: (hidden) is not allowed; ${allowed}`) as string,
  });
});
