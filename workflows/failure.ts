import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';

/** A failed activity, as one of our codes. A worker that never took the task is a station that is away. */
export function failureOf(error: unknown): { code: string; message: string } {
  if (isCancellation(error))
    return { code: 'CANCELLED', message: 'The unit was cancelled in the Temporal UI; it is held, not lost.' };
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure)
    return { code: cause.type ?? 'INTERNAL', message: cause.message.slice(0, 1_000) };
  if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START') {
    return {
      code: 'STATION_OFFLINE',
      message:
        'No worker of the station took the task. Is the station on? It goes on by itself when the station comes back.',
    };
  }
  return { code: 'DEVICE_NOT_RESPONDING', message: 'The step did not end in its time.' };
}
