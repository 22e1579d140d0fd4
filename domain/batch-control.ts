import { isPlaceholder, PLACEHOLDER_ALLOWED, UNIDENTIFIED } from './decision';

/** What people change about a batch that runs, in the Temporal UI or by command. People are operator numbers. */
export type BatchChange =
  | { readonly action: 'pause' | 'resume'; readonly by: string; readonly note?: string }
  | { readonly action: 'cancel'; readonly by: string; readonly note: string }
  | { readonly action: 'topUp'; readonly by: string; readonly note: string; readonly quantity: number }
  | { readonly action: 'setWindow'; readonly by: string; readonly window: number }
  | {
      readonly action: 'setPriority';
      readonly by: string;
      readonly note?: string;
      readonly priority: number;
    };

export type BatchAction = BatchChange['action'];

/** What the changes add up to: the batch's row. */
export interface BatchControls {
  readonly quantity: number;
  readonly paused: boolean;
  /** For ever: it claims no further unit. */
  readonly cancelled: boolean;
  /** Units under way at once; null: as many as `domain/pace.ts` says. */
  readonly window: number | null;
  readonly priority: number;
  readonly ended: boolean;
}

export const MAX_WINDOW = 1_000;
export const MAX_PRIORITY = 9;
export const MAX_ADDED = 1_000_000;
const MAX_NOTE = 500;
const OPERATOR = /^[0-9A-Za-z-]{1,64}$/;

/** Who cancels in the Temporal UI is not told to us. */
export const cancelledInUi: BatchChange = {
  action: 'cancel',
  by: UNIDENTIFIED,
  note: 'cancelled in the Temporal UI',
};

/** Null where the change may be made as far as its form goes; otherwise the sentence that the planner reads. */
export function changeProblem(change: BatchChange): string | null {
  const needsName = change.action === 'cancel' || change.action === 'topUp';
  if (needsName && (change.by === UNIDENTIFIED || !isNote(change.note) || change.note.trim() === ''))
    return `${change.action} needs {"by": operator number, "note": text of at most ${MAX_NOTE} characters}`;
  if (typeof change.by !== 'string' || !OPERATOR.test(change.by))
    return `by: ${shown(change.by)} is not allowed; an operator number of up to 64 letters, digits and "-"`;
  if ('note' in change && change.note !== undefined && !isNote(change.note))
    return `note: at most ${MAX_NOTE} characters of text`;
  if ('note' in change && change.note !== undefined && isPlaceholder(change.note))
    return `note: ${shown(change.note)} is not allowed; ${PLACEHOLDER_ALLOWED}`;
  return numberProblem(change);
}

function numberProblem(change: BatchChange): string | null {
  switch (change.action) {
    case 'topUp':
      return rangeProblem('quantity', change.quantity, 1, MAX_ADDED);
    case 'setWindow':
      return rangeProblem('window', change.window, 1, MAX_WINDOW);
    case 'setPriority':
      return rangeProblem('priority', change.priority, -MAX_PRIORITY, MAX_PRIORITY);
    default:
      return null;
  }
}

function rangeProblem(field: string, value: unknown, least: number, most: number): string | null {
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return null;
  return `${field}: ${shown(value)} is not allowed; a whole number from ${least} to ${most}`;
}

/** On one line: it stands in the record, and on terminals. */
function isNote(note: unknown): note is string {
  // eslint-disable-next-line no-control-regex
  return typeof note === 'string' && note.length <= MAX_NOTE && !/[\u0000-\u001f\u007f]/.test(note);
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
}
