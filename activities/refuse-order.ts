import { UnitrailError } from '../domain/errors';
import { problemText } from '../domain/refusal';

/** Every reason why the order can't be taken has the same three parts: field, value, what is allowed. */
export function refuse(path: string, value: unknown, allowed: string): UnitrailError {
  return new UnitrailError('ORDER_INVALID', problemText({ path: [path], value, allowed }));
}
