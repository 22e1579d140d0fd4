/**
 * Who uses the stack is counted by Postgres: each user holds a shared advisory lock in a session of its own. A user
 * that is killed loses its session and is not counted any longer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** Any two numbers would do, as long as nobody else in this database uses them. */
const lockKey = '1970170212, 1';
const connectTimeoutMs = 10_000;
const queryTimeoutMs = 30_000;
const returnPollMs = 1_000;

export class StackMembership {
  private client: Client | undefined;
  private left = false;

  private constructor(private readonly ownerUrl: string) {}

  static async join(ownerUrl: string): Promise<StackMembership> {
    const membership = new StackMembership(ownerUrl);
    await membership.hold();
    return membership;
  }

  private async hold(): Promise<void> {
    const client = new Client({
      connectionString: this.ownerUrl,
      application_name: 'unitrail-stack',
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
    });
    client.on('error', () => void this.comeBack(client));
    try {
      await client.connect();
      await client.query(`select pg_advisory_lock_shared(${lockKey})`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    if (this.left) await client.end();
    else this.client = client;
  }

  /** The server was killed and somebody started it again: be counted there too. */
  private async comeBack(lost: Client): Promise<void> {
    if (this.client !== lost) return;
    this.client = undefined;
    while (!this.left && !this.client) {
      await sleep(returnPollMs, undefined, { ref: false });
      if (!this.left) await this.hold().catch(() => {});
    }
  }

  /** Ends the membership; true where nobody else is left. Called under the lock of the stack's home. */
  async leave(): Promise<boolean> {
    this.left = true;
    const client = this.client;
    if (!client) return !(await isUsed(this.ownerUrl));
    this.client = undefined;
    try {
      await client.query(`select pg_advisory_unlock_shared(${lockKey})`);
      return await isFree(client);
    } catch {
      return true; // The server is gone, and with it everybody's session.
    } finally {
      await client.end().catch(() => {});
    }
  }
}

async function isFree(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>(`select pg_try_advisory_lock(${lockKey}) as free`);
  return rows[0]?.free === true;
}

/** Whether anybody is a member; false where the server does not run. */
export async function isUsed(ownerUrl: string): Promise<boolean> {
  const client = new Client({ connectionString: ownerUrl, connectionTimeoutMillis: connectTimeoutMs });
  client.on('error', () => {});
  try {
    await client.connect();
    return !(await isFree(client));
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
