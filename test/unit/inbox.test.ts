import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliver } from '../../adapters/sftp/deliver';
import { openInbox } from '../../tools/inbox/inbox';
import { fileWith } from '../support/sftp-contract';
import { itWithTool } from '../support/it-with-tool';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'unitrail-inbox-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function deliverOne(withOpenSsh: boolean): Promise<string> {
  const inbox = await openInbox(home, withOpenSsh);
  try {
    await deliver(inbox.target, [fileWith('a.txt', Buffer.from('hello'))], { secrets: {} });
    expect(await readFile(join(inbox.folder, 'a.txt'), 'utf8')).toBe('hello');
    return `${inbox.server} ${inbox.target.hostKeys.join()}`;
  } finally {
    await inbox.close();
  }
}

itWithTool(
  { program: '/usr/sbin/sshd', probe: ['-V'] },
  "the demo's buyer has OpenSSH where the machine has it",
  async () => {
    expect(await deliverOne(true)).toMatch(/^OpenSSH /);
  },
);

it('has a server of our own where there is none, and the same host key each time', async () => {
  const first = await deliverOne(false);
  expect(first).toMatch(/^ssh2's own server SHA256:/);
  await rm(join(home, 'files', 'a.txt'));
  expect(await deliverOne(false)).toBe(first);
});
