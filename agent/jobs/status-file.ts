/**
 * Follows the file that a handler appends `key=value` lines to. Bounded (I8): a file that grows past 64 KiB is emptied
 * once it is read, long lines and lines of another form are passed over, and only so many keys are kept.
 */
import { type FSWatcher, watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { StatusDetails } from '../core/job-execution.ts';

export interface StatusFile {
  /** All that was told so far; the last value of a key wins. */
  details(): StatusDetails;
  /** Reads what is left, a last line without an end included, and stops following. Does not close the file. */
  finish(): Promise<void>;
}

export interface StatusFileOptions {
  readonly path: string;
  /** Read and write. */
  readonly file: FileHandle;
  /** Called when a value changed, with everything told so far. */
  readonly onDetails: (details: StatusDetails) => void;
}

const MAX_FILE_BYTES = 64 * 1024;
const MAX_LINE_LENGTH = 4096;
const MAX_KEYS = 32;
/** Where the kernel has no watch left to give (inotify(7), max_user_watches). */
const POLL_MS = 1000;
const LINE = /^([A-Za-z0-9:_-]{1,128})=(.*)$/; // keys as statusDetails allow them (iot-jobs-data API model)

export function followStatusFile({ path, file, onDetails }: StatusFileOptions): StatusFile {
  const reader = createReader(file);
  const told = new Map<string, string>();
  let reading = Promise.resolve();

  function read(isLast = false): Promise<void> {
    reading = reading
      .then(() => reader.newLines(isLast))
      .then((lines) => {
        if (mergeLines(told, lines)) onDetails(Object.fromEntries(told));
      })
      .catch(() => undefined); // progress is a courtesy: the run goes on without
    return reading;
  }

  const stopWatching = watchOrPoll(path, () => void read());
  return {
    details: () => Object.fromEntries(told),
    finish() {
      stopWatching();
      return read(true);
    },
  };
}

/** @returns whether anything changed. */
function mergeLines(told: Map<string, string>, lines: readonly string[]): boolean {
  let changed = false;
  for (const line of lines) {
    const [, key, value] = LINE.exec(line) ?? [];
    if (key === undefined || value === undefined || told.get(key) === value) continue;
    if (!told.has(key) && told.size >= MAX_KEYS) continue;
    told.set(key, value);
    changed = true;
  }
  return changed;
}

interface Reader {
  newLines(isLast: boolean): Promise<readonly string[]>;
}

function createReader(file: FileHandle): Reader {
  const buffer = Buffer.alloc(MAX_FILE_BYTES);
  let offset = 0;
  let partLine: Buffer = Buffer.alloc(0);

  async function readChunk(): Promise<Buffer> {
    const { size } = await file.stat();
    if (size < offset) offset = 0; // its handler emptied it
    if (size - offset > MAX_FILE_BYTES) offset = size - MAX_FILE_BYTES; // flooded: the last values are what counts
    const { bytesRead } = await file.read(buffer, 0, Math.min(MAX_FILE_BYTES, size - offset), offset);
    offset += bytesRead;
    if (offset < MAX_FILE_BYTES) return buffer.subarray(0, bytesRead);
    await file.truncate(0); // what was appended since `stat` is lost; who writes so much will write again
    offset = 0;
    return buffer.subarray(0, bytesRead);
  }

  return {
    async newLines(isLast) {
      const bytes = Buffer.concat([partLine, await readChunk()]);
      const end = isLast ? bytes.length : bytes.lastIndexOf('\n') + 1;
      partLine = bytes.subarray(end).subarray(0, MAX_LINE_LENGTH + 1);
      const lines = bytes.toString('utf8', 0, end).split('\n');
      return lines.filter((line) => line.length <= MAX_LINE_LENGTH);
    },
  };
}

function watchOrPoll(path: string, onChange: () => void): () => void {
  let poll: NodeJS.Timeout | undefined;
  const startPolling = () => {
    poll ??= setInterval(onChange, POLL_MS);
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(path, onChange);
    watcher.on('error', startPolling);
  } catch {
    startPolling();
  }
  return () => {
    watcher?.close();
    clearInterval(poll);
  };
}
