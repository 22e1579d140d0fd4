import type { ExportColumnChoice, SftpTarget } from './export-settings';
import type { Buyer } from './plant-document';
import type { Problem } from './refusal';

/** What the buyers' settings of exports say of each other and get wrong. */
export function exportProblems(buyers: readonly Buyer[]): Problem[] {
  return buyers.flatMap(({ export: settings }, at) => {
    if (settings === undefined) return [];
    const path = ['buyers', at, 'export'];
    return [
      ...headingProblems(settings.columns ?? [], [...path, 'columns']),
      ...(settings.sftp ? sftpProblems(settings.sftp, [...path, 'sftp']) : []),
    ];
  });
}

/** A program at the buyer's looks for a column by its heading. */
function headingProblems(columns: readonly ExportColumnChoice[], path: Problem['path']): Problem[] {
  const headings = columns.map(({ field, name }) => name ?? field);
  return headings.flatMap((heading, at) =>
    headings.indexOf(heading) === at
      ? []
      : [
          {
            path: [...path, at, columns[at]!.name === undefined ? 'field' : 'name'],
            value: heading,
            allowed: 'a heading that no other column has',
          },
        ],
  );
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
