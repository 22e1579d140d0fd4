import { columnProblems } from './export-columns';
import type { SftpTarget } from './export-settings';
import type { Buyer } from './plant-document';
import type { Problem } from './refusal';

/** What the buyers' settings of exports say of each other and get wrong. */
export function exportProblems(buyers: readonly Buyer[]): Problem[] {
  return buyers.flatMap(({ export: settings }, at) => {
    if (settings === undefined) return [];
    const path = ['buyers', at, 'export'];
    return [
      ...columnProblems(settings.columns).map((one) => ({ ...one, path: [...path, ...one.path] })),
      ...(settings.sftp ? sftpProblems(settings.sftp, [...path, 'sftp']) : []),
    ];
  });
}

function sftpProblems({ key, password, passphrase }: SftpTarget, path: Problem['path']): Problem[] {
  const problems: Problem[] = [];
  if (key === undefined && password === undefined)
    problems.push({ path: [...path, 'key'], value: undefined, allowed: 'one of key and password' });
  if (key !== undefined && password !== undefined)
    problems.push({ path: [...path, 'password'], value: password, allowed: 'only one of key and password' });
  if (passphrase !== undefined && key === undefined)
    problems.push({
      path: [...path, 'passphrase'],
      value: passphrase,
      allowed: 'nothing where there is no key',
    });
  return problems;
}
