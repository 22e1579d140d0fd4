import { parseOrder, orderKind, type Order } from '../../domain/order';
import { readDocumentFile } from './document-file';

/** Several times what the largest order takes. */
const MAX_ORDER_FILE_BYTES = 256 * 1024;

/**
 * The order in a YAML or JSON file.
 * @throws UnitrailError ORDER_INVALID with one message: what is wrong with the file, or every wrong field by line
 */
export async function readOrderFile(path: string): Promise<Order> {
  const { value, locate } = await readDocumentFile(path, orderKind, MAX_ORDER_FILE_BYTES);
  return parseOrder(value, locate);
}
