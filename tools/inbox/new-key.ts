import { utils } from 'ssh2';
import { hostKeyOf } from '../../adapters/sftp/host-key';

export interface SshKey {
  readonly private: string;
  readonly public: string;
  readonly fingerprint: string;
}

/** The library makes a key now and then that it can't read itself (it drops zeros at the beginning): then another one. */
export function newKey(): SshKey {
  for (;;) {
    const made = utils.generateKeyPairSync('ed25519');
    const [publicKey, privateKey] = [utils.parseKey(made.public), utils.parseKey(made.private)];
    if (publicKey instanceof Error || privateKey instanceof Error) continue;
    const { fingerprint } = hostKeyOf(publicKey.getPublicSSH());
    return { private: made.private, public: `${made.public}\n`, fingerprint };
  }
}
