/** What a handler prints, line by line in the agent's log at `debug`. Bounded (I8): a handler may print for ever. */
import type { Logger } from 'pino';

export interface OutputLog {
  push(stream: 'stdout' | 'stderr', chunk: Uint8Array): void;
  /** Logs last lines that have no end. */
  finish(): void;
}

const MAX_LINES = 1000;
const MAX_LINE_LENGTH = 1024;

export function createOutputLog(log: Logger): OutputLog {
  let lines = 0;

  function write(stream: string, line: string): void {
    lines++;
    if (lines <= MAX_LINES) log.debug({ stream, line: line.slice(0, MAX_LINE_LENGTH) }, 'handler output');
    else if (lines === MAX_LINES + 1) log.debug({ loggedLines: MAX_LINES }, 'more handler output is not logged');
  }

  const splitters = {
    stdout: createLineSplitter((line) => write('stdout', line)),
    stderr: createLineSplitter((line) => write('stderr', line)),
  };
  return {
    push(stream, chunk) {
      if (lines <= MAX_LINES && log.isLevelEnabled('debug')) splitters[stream].push(chunk);
    },
    finish() {
      splitters.stdout.finish();
      splitters.stderr.finish();
    },
  };
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
