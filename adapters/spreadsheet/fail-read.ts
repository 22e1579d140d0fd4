import type { UnitrailError } from '../../domain/errors';

/** The refusal of a file: what is wrong with it, as the end of a sentence that begins with its name. */
export type FailRead = (what: string, cause?: unknown) => UnitrailError;
