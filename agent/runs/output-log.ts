/**
 * What a handler prints, line by line in the agent's log at `debug`. A handler of kind `module` has a log of its own, which
 * its host writes to stdout as JSON: those lines keep their level. Bounded (I8): a handler may print for ever.
 */
import type { Logger } from 'pino';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';

export interface OutputLog {
  push(stream: Stream, chunk: Uint8Array): void;
  /** Logs last lines that have no end. */
  finish(): void;
}

export interface OutputLogOptions {
  /** Whether stdout holds the lines of a handler host's log. */
  readonly hasOwnLevels: boolean;
}

type Stream = 'stdout' | 'stderr';

const MAX_LINES = 1000;
/** A gateway logs `info` and above for weeks. */
const MAX_LEVELLED_LINES = 100;
const MAX_LINE_LENGTH = 1024;

export function createOutputLog(log: Logger, { hasOwnLevels }: OutputLogOptions): OutputLog {
  let lines = 0;
  let levelledLines = 0;

  function write(stream: Stream, line: string): void {
    lines++;
    if (lines === MAX_LINES + 1) log.debug({ loggedLines: MAX_LINES }, 'more handler output is not logged');
    if (lines > MAX_LINES) return;
    const own = mayHaveLevel(stream) ? parseHandlerLine(line) : undefined;
    if (own === undefined) log.debug({ stream, line: line.slice(0, MAX_LINE_LENGTH) }, 'handler output');
    else writeLevelled(own);
  }

  function mayHaveLevel(stream: Stream): boolean {
    return hasOwnLevels && stream === 'stdout' && levelledLines <= MAX_LEVELLED_LINES && log.isLevelEnabled('warn');
  }

  function writeLevelled({ level, handlerMessage, fields }: HandlerLine): void {
    levelledLines++;
    if (levelledLines > MAX_LEVELLED_LINES) {
      log.info({ loggedLines: MAX_LEVELLED_LINES }, 'more of the handler log is left out');
    } else if (level === 'warn') log.warn({ handlerMessage, fields }, 'handler log');
    else log.info({ handlerMessage, fields }, 'handler log');
  }

  const splitters = {
    stdout: createLineSplitter((line) => write('stdout', line)),
    stderr: createLineSplitter((line) => write('stderr', line)),
  };
  return {
    push(stream, chunk) {
      if (lines <= MAX_LINES && (mayHaveLevel(stream) || log.isLevelEnabled('debug'))) splitters[stream].push(chunk);
    },
    finish() {
      splitters.stdout.finish();
      splitters.stderr.finish();
    },
  };
}

interface HandlerLine {
  readonly level: 'info' | 'warn';
  readonly handlerMessage: string;
  /** Apart from our own: a handler must not write another job's id into our log. */
  readonly fields: JsonObject;
}

/** As the handler host writes it. Anything may print to stdout: believe nothing. */
function parseHandlerLine(line: string): HandlerLine | undefined {
  const value = parseJson(line);
  if (!isJsonObject(value)) return undefined;
  const { level, msg: handlerMessage, fields = {} } = value; // apart: a field may be called level
  if ((level !== 'info' && level !== 'warn') || typeof handlerMessage !== 'string') return undefined;
  if (!isJsonObject(fields)) return undefined;
  return { level, handlerMessage, fields };
}

function parseJson(line: string): JsonValue | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Holds no more than one line, and of that no more than is logged. */
function createLineSplitter(onLine: (line: string) => void) {
  const decoder = new TextDecoder();
  let part = '';
  return {
    push(chunk: Uint8Array): void {
      const pieces = decoder.decode(chunk, { stream: true }).split('\n');
      for (const [index, piece] of pieces.entries()) {
        part += piece.slice(0, MAX_LINE_LENGTH + 1 - part.length);
        if (index === pieces.length - 1) return;
        onLine(part);
        part = '';
      }
    },
    finish(): void {
      if (part !== '') onLine(part);
      part = '';
    },
  };
}
