import { pino, type Logger } from 'pino';

export type { Logger };

/**
 * Structured logs, one JSON object a line on standard error: standard output belongs to the commands' answers.
 * What may hold a secret is cut out by name, whoever logs it.
 */
export function createLog(level: string, name: string): Logger {
  return pino(
    {
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['password', '*.password', 'url', '*.url', 'connectionString', '*.connectionString'],
        censor: '(hidden)',
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
