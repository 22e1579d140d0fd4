import { columnProblems } from '../domain/export-columns';
import { exportFormats, type ExportColumnChoice, type ExportFormat } from '../domain/export-settings';
import { problemText } from '../domain/refusal';
import { UnitrailError } from '../domain/errors';
import { wrongOption } from '../domain/wrong-option';

/** `serial,macs=MAC addresses`: fields of ours, with the buyer's heading behind the sign. */
export function readColumns(text: string): ExportColumnChoice[] {
  const choices = text.split(',').map((part): ExportColumnChoice => {
    const [field, ...name] = part.split('=');
    return name.length === 0
      ? { field: field!.trim() }
      : { field: field!.trim(), name: name.join('=').trim() };
  });
  const [problem] = columnProblems(choices);
  if (problem)
    throw new UnitrailError(
      'INPUT_INVALID',
      problemText({ ...problem, path: ['--columns', ...problem.path.slice(1)] }),
    );
  return choices;
}

export function readFormats(text: string): ExportFormat[] {
  const formats = text.split(',').map((part) => exportFormats.find((one) => one === part.trim()));
  if (formats.every((one) => one !== undefined) && new Set(formats).size === formats.length) return formats;
  throw wrongOption('--formats', text, `a list of ${exportFormats.join(', ')}, each once`);
}
