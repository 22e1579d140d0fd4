import { lastInfo } from './detached-process';
import { postgresPort } from './embedded-postgres';
import { exists } from './files';
import { prepareHome } from './home';
import { loginUrl, ownerLogin } from './logins';
import { isUsed } from './stack-membership';
import { temporalProcessName } from './temporal-server';

/** The embedded servers, as they run now. */
export interface RunningStack {
  readonly ownerUrl: string;
  /** Whether a process uses them; servers that nobody uses were left behind by one that was killed. */
  readonly used: boolean;
  /** Where Temporal was when it last ran. */
  readonly temporal: { readonly address: string; readonly uiUrl: string } | null;
  loginUrl(login: string): Promise<string>;
  /** Where the virtual bench was when it last ran; null where it never did. */
  benchAddress(): Promise<string | null>;
}

/** Looks and starts nothing. Null where Postgres does not run on this home, or there is no such folder. */
export async function runningStack(path: string): Promise<RunningStack | null> {
  if (!(await exists(path))) return null;
  const home = await prepareHome(path);
  const port = await postgresPort(home);
  if (port === null) return null;
  const ownerUrl = await loginUrl(home, port, ownerLogin);
  const { address, uiUrl } = (await lastInfo(home, temporalProcessName)) ?? {};
  return {
    ownerUrl,
    used: await isUsed(ownerUrl),
    temporal: address && uiUrl ? { address, uiUrl } : null,
    loginUrl: (login) => loginUrl(home, port, login),
    benchAddress: async () => {
      const { port: benchPort } = (await lastInfo(home, 'virtual-bench')) ?? {};
      return benchPort ? `127.0.0.1:${benchPort}` : null;
    },
  };
}
