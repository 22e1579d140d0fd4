import { setHandler } from '@temporalio/workflow';
import { changeProblem, type BatchChange, type BatchControls } from '../domain/batch-control';
import * as changes from './batch-changes';
import { progressOf, type Floor } from './batch-floor';
import * as messages from './batch-messages';
import { refused } from './refused';

/** What may be asked of a batch while it runs. Each change is put on record by `change`. */
export function listen(
  floor: Floor,
  change: (floor: Floor, asked: BatchChange) => Promise<BatchControls>,
): void {
  setHandler(messages.batchProgress, () => progressOf(floor), { description: 'How far the batch is.' });
  setHandler(messages.pause, (input) => change(floor, changes.toggleOf('pause', input)), {
    description: 'No further unit begins; those under way go on. JSON, optional: {"by": "17", "note": "…"}.',
    validator: (input) => validate(changes.toggleOf('pause', input)),
  });
  setHandler(messages.resume, (input) => change(floor, changes.toggleOf('resume', input)), {
    description: 'Units begin again. JSON, optional: {"by": "17", "note": "…"}.',
    validator: (input) => validate(changes.toggleOf('resume', input)),
  });
  setHandler(messages.cancel, (input) => change(floor, changes.cancelOf(input)), {
    description:
      'No further unit begins, for ever; those under way go on, and unclaimed numbers go back. JSON: {"by": "17", "note": "…"}.',
    validator: (input) => validate(changes.cancelOf(input)),
  });
  setHandler(messages.topUp, (input) => change(floor, changes.topUpOf(input)), {
    description:
      'Further units, for those that were scrapped or are missing. JSON: {"by": "17", "note": "…", "quantity": 3}.',
    validator: (input) => validate(changes.topUpOf(input)),
  });
  setHandler(messages.setWindow, (input) => change(floor, changes.windowOf(input)), {
    description: 'Units under way at once. JSON: {"by": "17", "window": 80}.',
    validator: (input) => validate(changes.windowOf(input)),
  });
  setHandler(messages.setPriority, (input) => change(floor, changes.priorityOf(input)), {
    description:
      'Who gets a slot first, -9 to 9: each step is worth ten minutes of waiting. JSON: {"by": "17", "priority": 2}.',
    validator: (input) => validate(changes.priorityOf(input)),
  });
}

/** Validators only validate. What the batch's state allows is judged by the database. */
function validate(asked: BatchChange): void {
  const problem = changeProblem(asked);
  if (problem) throw refused(problem, 'INPUT_INVALID');
}
