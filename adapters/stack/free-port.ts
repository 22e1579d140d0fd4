import { createServer, type Server } from 'node:net';

const loopback = '127.0.0.1';

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: loopback, port, exclusive: true }, () => resolve(server));
  });
}

function isUsable(port: number | undefined): port is number {
  return port !== undefined && Number.isInteger(port) && port >= 1024 && port <= 65_535;
}

async function listenAnywhere(preferred: number | undefined): Promise<Server> {
  if (!isUsable(preferred)) return listen(0);
  return listen(preferred).catch(() => listen(0));
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/**
 * One free loopback port for each wish, all different. A preferred port is given where it is free.
 * Another program may take a port before its user does: who starts a server tries again with another one.
 */
export async function freePorts(preferred: readonly (number | undefined)[]): Promise<number[]> {
  const servers: Server[] = [];
  try {
    for (const wish of preferred) servers.push(await listenAnywhere(wish));
    return servers.map(portOf);
  } finally {
    await Promise.all(servers.map(close));
  }
}

export async function freePort(preferred?: number): Promise<number> {
  const [port] = await freePorts([preferred]);
  return port!;
}
