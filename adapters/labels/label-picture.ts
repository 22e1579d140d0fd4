import { parseLabelContent } from '../../domain/label-content';
import type { RecordLabel } from '../../domain/record-document';
import { renderLabel } from './render-label';

/** Large enough for symbol and letters, whatever the size on the unit. */
const sizeMm = { width: 60, height: 25 };

/** What a scanner would see on the unit; null where the content is no label of ours. */
export async function pictureOfLabel({ content, symbology }: RecordLabel): Promise<Uint8Array | null> {
  const read = content === null ? null : parseLabelContent(content);
  if (read === null || symbology !== 'gs1datamatrix') return null;
  const label = await renderLabel({ ...read, template: { symbology, sizeMm } });
  // A picture that says something else than the record would be worse than none.
  return label.content === content ? label.png : null;
}
