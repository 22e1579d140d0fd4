import type { LabelContent } from './label-content';

export type OpenPrintAnswer = 'printed' | 'absent' | 'ask';

/**
 * What became of a print that was intended and never confirmed (the printer timed out, the worker died).
 *
 * The scanner's word counts most: a label that it reads is there. Without one, only a printer that surely never
 * received the job lets us print again; a printer that did print, or can't tell, means that a label may lie
 * somewhere, and a person is asked. Two labels with one serial is the failure that this prevents.
 */
export function openPrintAnswer(
  open: { serial: string; print: number },
  scanned: LabelContent | null,
  printer: 'printed' | 'never' | 'unknown',
): OpenPrintAnswer {
  if (scanned?.serial === open.serial && scanned.print === open.print) return 'printed';
  return printer === 'never' ? 'absent' : 'ask';
}
