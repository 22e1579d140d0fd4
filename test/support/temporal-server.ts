import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopProcess } from '../../adapters/stack/detached-process';
import { prepareHome, type StackHome } from '../../adapters/stack/home';
import { findTemporalBinary } from '../../adapters/stack/temporal-binary';
import { ensureTemporal, temporalProcessName } from '../../adapters/stack/temporal-server';
import { temporalAddress, type TemporalAddress } from '../../workers/temporal-address';

const say = (): void => {};

/** A Temporal server of a test's own, whose state may be taken away. */
export class OwnTemporalServer {
  private constructor(
    private readonly home: StackHome,
    readonly address: TemporalAddress,
  ) {}

  static async start(): Promise<OwnTemporalServer> {
    const home = await prepareHome(await mkdtemp(join(tmpdir(), 'unitrail-temporal-')));
    return new OwnTemporalServer(home, await launch(home));
  }

  /** Another server at another address, on a machine where Temporal was never run: nothing of the old one is left. */
  async loseState(): Promise<OwnTemporalServer> {
    await stopProcess(this.home, temporalProcessName);
    const state = (await readdir(this.home.path)).filter((name) => name.startsWith('temporal.db'));
    if (state.length === 0) throw new Error('the server kept its state somewhere else');
    for (const name of state) await rm(join(this.home.path, name));
    return new OwnTemporalServer(this.home, await launch(this.home));
  }

  async stop(): Promise<void> {
    await stopProcess(this.home, temporalProcessName);
    await rm(this.home.path, { recursive: true, force: true });
  }
}

async function launch(home: StackHome): Promise<TemporalAddress> {
  const findBinary = (): Promise<string> => findTemporalBinary({ env: process.env, say });
  return temporalAddress(await ensureTemporal(home, { say, findBinary }));
}
