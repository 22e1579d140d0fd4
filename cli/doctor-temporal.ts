import type { Client } from '@temporalio/client';
import { isReachable } from '../adapters/devices/reachable';
import type { PlantDocument } from '../domain/plant';
import { searchAttributes } from '../domain/search-attributes';
import { taskQueues } from '../domain/workflow-ids';
import { type TemporalAddress } from '../workers/temporal-address';
import { connectClient } from '../workers/temporal-client';
import { failed, looked, ok, warn, type Finding } from './doctor-finding';
import { unpolledQueues } from './task-queues';
import { ask } from './temporal-errors';

const oldestServer = [1, 29] as const;
const CONNECT_TIMEOUT_MS = 3_000;
const KEYWORD = 2; // temporal.api.enums.v1.IndexedValueType

/** The server, the namespace and what is in it, and who works on the queues. */
export async function lookAtTemporal(
  address: TemporalAddress,
  plant: PlantDocument | null,
  isGiven: boolean,
): Promise<readonly Finding[]> {
  const answers = isGiven
    ? 'Check that the server runs and that TEMPORAL_ADDRESS is right.'
    : '`unitrail up` starts it.';
  return looked(
    'Temporal',
    async () => {
      const { address: at } = address.connectionOptions;
      // The SDK takes its full ten seconds to say so.
      if (at && !(await isReachable(at, CONNECT_TIMEOUT_MS)))
        return [failed('Temporal', `nothing answers at ${at}`, answers)];
      const client = await connectClient(address);
      try {
        return await lookInside(client, address, plant, isGiven);
      } finally {
        await client.connection.close();
      }
    },
    answers,
  );
}

async function lookInside(
  client: Client,
  address: TemporalAddress,
  plant: PlantDocument | null,
  isGiven: boolean,
): Promise<Finding[]> {
  const { namespace } = client.options;
  const looks = [
    looked('Temporal', () => lookAtServer(client, address), 'Check the server.'),
    looked(
      'namespace',
      () => lookAtNamespace(client),
      `Make it: temporal operator namespace create --namespace ${namespace}`,
    ),
    looked('search attributes', () => lookAtAttributes(client), 'Check the rights of the credentials.'),
    looked('workers', () => lookAtWorkers(client, plant, isGiven), 'Check the namespace.'),
  ];
  return (await Promise.all(looks)).flat();
}

async function lookAtServer(client: Client, { connectionOptions }: TemporalAddress): Promise<Finding[]> {
  const { serverVersion } = await ask(client, () => client.workflowService.getSystemInfo({}));
  const found = `server ${serverVersion ?? '?'} at ${connectionOptions.address ?? 'its default address'}`;
  const [major = 0, minor = 0] = (serverVersion ?? '').split('.').map(Number);
  const isOld = major < oldestServer[0] || (major === oldestServer[0] && minor < oldestServer[1]);
  return [
    isOld
      ? failed('Temporal', found, `Temporal ${oldestServer.join('.')} or later is supported.`)
      : ok('Temporal', found),
  ];
}

async function lookAtNamespace(client: Client): Promise<Finding[]> {
  const { namespace } = client.options;
  await ask(client, () => client.workflowService.describeNamespace({ namespace }));
  return [ok('namespace', namespace)];
}

async function lookAtAttributes(client: Client): Promise<Finding[]> {
  const { namespace } = client.options;
  const { customAttributes = {} } = await ask(client, () =>
    client.connection.operatorService.listSearchAttributes({ namespace }),
  );
  const missing = searchAttributes.filter((name) => customAttributes?.[name] !== KEYWORD);
  if (missing.length === 0) return [ok('search attributes', searchAttributes.join(', '))];
  const options = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
  return [
    failed(
      'search attributes',
      `missing, or of another type: ${missing.join(', ')}`,
      `temporal operator search-attribute create --namespace ${namespace} ${options}`,
    ),
  ];
}

async function lookAtWorkers(
  client: Client,
  plant: PlantDocument | null,
  isGiven: boolean,
): Promise<Finding[]> {
  const queues = [
    taskQueues.workflows,
    taskQueues.office,
    ...(plant?.stations ?? []).map(({ id }) => taskQueues.station(id)),
  ];
  const unpolled = await unpolledQueues(client, queues);
  if (unpolled.length === 0) return [ok('workers', `ask for work on ${queues.join(', ')}`)];
  const found = `nobody asks for work on ${unpolled.join(', ')}`;
  return [
    isGiven
      ? failed('workers', found, 'Start them: `unitrail worker --role …`.')
      : warn('workers', found, 'Start them all: `unitrail up`.'),
  ];
}
