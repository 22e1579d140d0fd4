import { describeDelivery } from '../support/sftp-contract';
import { SftpServer } from '../../tools/inbox/plain-server';

describe('a delivery to a server without extensions', () => {
  describeDelivery(it, () => SftpServer.start());
});
