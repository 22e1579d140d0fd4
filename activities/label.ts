import type { PrintJobState, StationDevices } from '../adapters/devices/ports';
import { renderLabel } from '../adapters/labels/render-label';
import type { Database } from '../adapters/postgres/database';
import { UnitrailError } from '../domain/errors';
import { parseLabelContent, type LabelContent } from '../domain/label-content';
import { openPrintAnswer } from '../domain/open-print';
import { performAct, type Act, type ActResult } from './act';
import { requireOwnBoard } from './own-board';
import type { Standing, StationInput } from './types';

/**
 * Step 5. What happens when a label printer times out is decided here: a print is intended, with its own number,
 * before it is sent; an intended print that was never confirmed is looked for before another one is made.
 */
export function createLabelActivities(deps: { db: Database; devices: StationDevices }) {
  const { printer, scanner } = deps.devices;
  return {
    async printLabel({ unitId, lease }: StationInput): Promise<Standing> {
      return performAct(
        deps.db,
        { unitId, part: 'label.print', intent: 'labelIntended', lease },
        async (act) => {
          await requireOwnBoard(act, deps.devices);
          // 5.1 An open print of an earlier try, or a label that is on the unit already.
          const found = await earlierPrint(act);
          if (found !== null) return printed(act, found, 'scanner');
          // 5.2 A new print: intended, then sent.
          const print = act.unit.prints + 1;
          const label = await renderLabel({ ...labelOf(act), print });
          await act.note('printIntended', 'print', { print, content: label.content });
          await printer.print(act.place, jobId(act, print), label.png);
          return printed(act, print, 'printer');
        },
      );
    },

    /** 5.3 The scan of the label on the unit is the proof, not the printer's word. */
    async verifyLabel({ unitId, lease }: StationInput): Promise<Standing> {
      return performAct(
        deps.db,
        { unitId, part: 'label.verify', intent: 'verifyIntended', lease },
        async (act) => {
          await requireOwnBoard(act, deps.devices);
          const text = await scanner.scan(act.place);
          const label = requireOwnLabel(act, text);
          return {
            type: 'labelVerified',
            request: { ...label },
            body: { print: label.print, content: text },
          };
        },
      );
    },
  };

  /** The number of a print that is on the unit, or null where a new one may be made. Throws where nobody knows. */
  async function earlierPrint(act: Act): Promise<number | null> {
    const { serial, openPrint, labelPrint } = act.unit;
    const scanned = await scanOwn(act);
    if (openPrint === null) {
      // A label that is known to be made and is not on the unit may lie somewhere: nobody else may find it.
      if (labelPrint !== null && scanned?.print !== labelPrint) throw lostLabel(act, labelPrint);
      return labelPrint;
    }
    const known = await printer.jobState(act.place, jobId(act, openPrint));
    const answer = openPrintAnswer({ serial, print: openPrint }, scanned, known);
    if (answer === 'ask') throw unknownPrint(act, openPrint, known);
    if (answer === 'printed') return openPrint;
    await act.note('printAbsent', 'absent', { print: openPrint, why: 'the printer never received it' });
    return null;
  }

  async function scanOwn(act: Act): Promise<LabelContent | null> {
    const text = await scanner.scan(act.place);
    const label = text === null ? null : parseLabelContent(text);
    if (label !== null && label.serial !== act.unit.serial) throw foreignLabel(act, label.serial);
    return label;
  }
}

/** The label on the unit must be its own: GTIN, serial and the number of the print that is on record. */
export function requireOwnLabel(act: Act, text: string | null): LabelContent {
  const { unit } = act;
  const label = text === null ? null : parseLabelContent(text);
  if (label === null) {
    throw new UnitrailError(
      'LABEL_UNREADABLE',
      `The scanner reads no label of ours on unit ${unit.serial}.`,
      { found: text?.slice(0, 100) ?? null },
    );
  }
  if (label.serial !== unit.serial) throw foreignLabel(act, label.serial);
  if (label.gtin !== unit.recipe.product.gtin || label.print !== unit.labelPrint) {
    throw new UnitrailError(
      'LABEL_MISMATCH',
      `The label on unit ${unit.serial} is print ${label.print} of GTIN ${label.gtin}; on record is print ${unit.labelPrint} of GTIN ${unit.recipe.product.gtin}.`,
      {
        record: { gtin: unit.recipe.product.gtin, print: unit.labelPrint },
        found: { gtin: label.gtin, print: label.print },
      },
    );
  }
  return label;
}

function printed(act: Act, print: number, how: 'printer' | 'scanner'): ActResult {
  return { type: 'printed', request: { serial: act.unit.serial, print }, body: { print, how } };
}

function labelOf(act: Act) {
  const { recipe, serial } = act.unit;
  return { template: recipe.labelTemplate, gtin: recipe.product.gtin, serial };
}

function jobId(act: Act, print: number): string {
  return `${act.unit.serial}/${print}`;
}

function foreignLabel(act: Act, found: string): UnitrailError {
  return new UnitrailError(
    'LABEL_MISMATCH',
    `Unit ${act.unit.serial} carries the label of ${found}. Take that label off and find out where it belongs.`,
    {
      record: act.unit.serial,
      found,
    },
  );
}

function lostLabel({ unit: { serial } }: Act, print: number): UnitrailError {
  return new UnitrailError(
    'PRINT_UNKNOWN',
    `Where is label ${serial} print ${print}? It was printed, and the scanner does not see it on the unit. Look for it. ${howToAnswer}`,
    { print, printer: 'printed' },
  );
}

const howToAnswer =
  `Then answer by retryStep: {"by": "operator number", "label": "none"} where no such label exists or it is destroyed, ` +
  `{"by": "operator number", "label": "found"} where it is on the unit now.`;

function unknownPrint(act: Act, print: number, printer: PrintJobState): UnitrailError {
  const { serial } = act.unit;
  const said = printer === 'printed' ? 'the printer says it was printed' : 'the printer can not tell';
  return new UnitrailError(
    'PRINT_UNKNOWN',
    `Was label ${serial} print ${print} printed? ${said}, and the scanner sees none on the unit. Look for it. ${howToAnswer}`,
    { print, printer },
  );
}
