import { describeDelivery } from '../support/sftp-contract';
import { SftpServer } from '../support/sftp-server';

describe('a delivery to a server without extensions', () => {
  describeDelivery(it, () => SftpServer.start());
});
