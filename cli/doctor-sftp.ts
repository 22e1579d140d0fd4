import { readCredentials, type Secrets } from '../adapters/sftp/credentials';
import { probe, type SftpFinding } from '../adapters/sftp/probe';
import { UnitrailError } from '../domain/errors';
import type { SftpTarget } from '../domain/export-settings';
import type { PlantDocument } from '../domain/plant';
import { failed, ok, warn, type Finding } from './doctor-finding';

/**
 * Each buyer's server, as a delivery would meet it from this machine: its key, the login, the folder, and whether an
 * empty file may be made there (it is removed again).
 */
export async function lookAtTargets(plant: PlantDocument | null, secrets: Secrets): Promise<Finding[]> {
  const targets = (plant?.buyers ?? []).flatMap(({ id, export: settings }) =>
    settings?.sftp ? [{ buyer: id, target: settings.sftp }] : [],
  );
  // One after the other: two buyers may share a folder, and the probe has one name.
  const findings: Finding[] = [];
  for (const { buyer, target } of targets) findings.push(await lookAtTarget(buyer, target, secrets));
  return findings;
}

async function lookAtTarget(buyer: string, target: SftpTarget, secrets: Secrets): Promise<Finding> {
  const where = `${buyer}: ${target.user}@${target.host}:${target.port}`;
  try {
    // Before anything is asked of the server: a machine without the secret delivers nothing, and may not reach it.
    await readCredentials(target, secrets);
    return tell(where, target, await probe(target, { secrets, tryWriting: true }));
  } catch (error) {
    if (!(error instanceof UnitrailError)) throw error;
    return tellProblem(where, error);
  }
}

const away =
  'Exports leave from the office’s machine: look from there. Then network, firewall, the buyer’s server.';

function tell(where: string, { folder: path }: SftpTarget, found: SftpFinding): Finding {
  const { problem, freeBytes, hostKeys } = found;
  if (problem) return tellProblem(where, problem);
  if (found.login === 'not tried') {
    const shown = hostKeys.map(({ type, fingerprint }) => `${fingerprint} (${type})`).join(', ');
    return failed('SFTP', `${where}: no host key is pinned; it shows ${shown}`, pin);
  }
  const free = freeBytes === null ? '' : `, ${Math.floor(freeBytes / 2 ** 20)} MiB free`;
  return ok('SFTP', `${where}: its key is pinned, the login works, ${path} takes files${free}`);
}

const pin = 'Compare with what the buyer tells you by another way, and put it into sftp.hostKeys.';

/** Only the office needs the secrets, and this machine may not be its. The messages say what to do themselves. */
function tellProblem(where: string, { code, message }: UnitrailError): Finding {
  const found = `${where}: ${message}`;
  if (code === 'CONFIGURATION_INVALID')
    return warn('SFTP', found, 'Exports need it where the office worker runs: put it there.');
  if (code === 'SFTP_UNREACHABLE') return failed('SFTP', found, away);
  if (code === 'SFTP_HOST_KEY_MISMATCH') return failed('SFTP', found, pin);
  return failed(
    'SFTP',
    found,
    'Until it is mended no export arrives there; docs/exports-sftp.md has each outcome.',
  );
}
