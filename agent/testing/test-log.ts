/** Keeps what is logged in a test. */
import { type Logger, pino } from 'pino';
import type { TestLogLine } from './test-report.ts';

export function createTestLog(): { readonly logger: Logger; readonly lines: readonly TestLogLine[] } {
  const lines: TestLogLine[] = [];
  const formatters = { level: (level: string) => ({ level }) };
  const logger = pino(
    { level: 'debug', base: null, timestamp: false, formatters, nestedKey: 'fields' }, // a field may be called level
    {
      write(line: string) {
        const { level, msg: message, fields = {} } = JSON.parse(line);
        // What a process of its own logged: as if it had been logged here.
        const own = message === 'handler log' ? { message: fields.handlerMessage, fields: fields.fields } : {};
        lines.push({ level, message, fields, ...own });
      },
    },
  );
  return { logger, lines };
}
