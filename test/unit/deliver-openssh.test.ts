import { itWithSshd, Sshd } from '../support/sshd';
import { describeDelivery } from '../support/sftp-contract';

describe('a delivery to OpenSSH', () => {
  describeDelivery(itWithSshd, () => Sshd.start({ sizeMiB: 400 }));
});
