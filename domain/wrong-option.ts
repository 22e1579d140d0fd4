import { UnitrailError } from './errors';
import { problemText } from './refusal';

/** What a person typed and may not: `--component: "U9" is not allowed; …`. */
export function wrongOption(option: string, value: unknown, allowed: string): UnitrailError {
  return new UnitrailError('INPUT_INVALID', problemText({ path: [option], value, allowed }));
}
