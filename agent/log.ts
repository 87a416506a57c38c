/**
 * The agent's log: JSON lines for machines, coloured text for a person at a terminal. Every line passes one gate,
 * `safeLine`, whoever wrote it and whatever is in it.
 */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { safeLine } from './log/safe-line.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Text instead of JSON; usually `process.stdout.isTTY`. */
  readonly pretty: boolean;
  /** By default stdout, written at once: the last line before a crash is the one that matters. */
  readonly destination?: DestinationStream;
}

export function createLogger({ level, pretty, destination = stdout() }: LoggerOptions): Logger {
  const render = pretty ? prettyLine : (line: string) => line;
  return pino(
    {
      level,
      base: null, // host and process are the service manager's to add
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => destination.write(render(safeLine(line))) },
  );
}

/** What cannot be written waits, up to this, and is then dropped: a full disk must not stop the jobs (I7, I8). */
const MAX_WAITING_BYTES = 1024 * 1024;

function stdout(): DestinationStream {
  const destination = pino.destination({ fd: 1, sync: true, maxLength: MAX_WAITING_BYTES });
  destination.on('error', () => undefined); // nowhere to say so: the next line tries again
  return destination;
}

export interface ExecutionFacts {
  readonly jobId: string;
  readonly executionNumber: number;
  readonly operation?: string;
}

/** Every line about an execution says which: an operator with one failed job searches for one jobId. */
export function executionLogger(log: Logger, { jobId, executionNumber, operation }: ExecutionFacts): Logger {
  return log.child({ jobId, executionNumber, ...(operation === undefined ? {} : { operation }) });
}

const toText = prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });

/** JSON escapes control characters; text must do so itself, or a job could drive the operator's terminal. */
function prettyLine(line: string): string {
  return toText(JSON.parse(line, (_, value: unknown) => (typeof value === 'string' ? visible(value) : value)));
}

function visible(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
