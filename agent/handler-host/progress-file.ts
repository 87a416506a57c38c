/** Tells progress as `key=value` lines in the status file, the way an executable handler does. */
import { appendFile } from 'node:fs/promises';

export interface ProgressFile {
  /** The last value of a key wins; a handler may call it for every chunk of a file. */
  report(details: Readonly<Record<string, string | number>>): void;
  /** Writes what is still waiting. */
  flush(): Promise<void>;
}

/** Nobody looks more often, and the file would only grow. */
const WRITE_INTERVAL_MS = 250;

export function createProgressFile(path: string): ProgressFile {
  let waiting: Record<string, string | number> = {};
  let timer: NodeJS.Timeout | undefined;
  let written = Promise.resolve();

  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const lines = Object.entries(waiting).map(([key, value]) => `${oneLine(key)}=${oneLine(String(value))}\n`);
    waiting = {};
    // Progress is a courtesy: a handler does not fail because it could not be told.
    if (lines.length > 0) written = written.then(() => appendFile(path, lines.join(''))).catch(() => undefined);
    return written;
  }

  return {
    report(details) {
      waiting = { ...waiting, ...details };
      timer ??= setTimeout(write, WRITE_INTERVAL_MS);
    },
    flush: write,
  };
}

function oneLine(text: string): string {
  return text.replace(/\p{C}+/gu, ' ');
}
