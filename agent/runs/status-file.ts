/**
 * Follows the file that a handler appends `key=value` lines to. Bounded (I8), however fast it appends: the file is read
 * four times a second at most, and only its end; a large file is emptied; long lines and lines of another form are passed
 * over; only so many keys are kept.
 */
import { type FSWatcher, watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { quote } from '../core/describe-value.ts';
import type { StatusDetails } from '../core/job-execution.ts';

export interface StatusFile {
  /** All that was told so far; the last value of a key wins. */
  details(): StatusDetails;
  /** Lines that told nothing, because they are too long or of another form; `null` when there were none. */
  passedOver(): PassedOverLines | null;
  /** Reads what is left, a last line without an end included, and stops following. Does not close the file. */
  finish(): Promise<void>;
}

export interface PassedOverLines {
  readonly count: number;
  /** Quoted, shortened and without secrets. */
  readonly first: string;
}

export interface StatusFileOptions {
  readonly path: string;
  /** Read and write. */
  readonly file: FileHandle;
  /** Called when a value changed, with everything told so far. */
  readonly onDetails: (details: StatusDetails) => void;
}

/** The last values are what counts: what lies further back than this is not read. */
const MAX_READ_BYTES = 64 * 1024;
/** A file that grows past this is emptied in the middle of its growth. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_LINE_LENGTH = 4096;
const MAX_KEYS = 32;
const READ_INTERVAL_MS = 250;
/** Where the kernel has no watch left to give (inotify(7), max_user_watches). */
const POLL_MS = 1000;
/**
 * Keys as statusDetails allow them (iot-jobs-data API model). Only a line feed ends a line, so the value may hold any other
 * character, U+2028 and carriage returns too; the one of a `\r\n` is no part of it.
 */
const LINE = /^([A-Za-z0-9:_-]{1,128})=(.*?)\r?$/s;

export function followStatusFile({ path, file, onDetails }: StatusFileOptions): StatusFile {
  const reader = createReader(file);
  const told = new Map<string, string>();
  let passedOver: PassedOverLines | null = null;

  function passOver(line: string): void {
    passedOver = { count: (passedOver?.count ?? 0) + 1, first: passedOver?.first ?? quote(line) };
  }

  async function read(isLast: boolean): Promise<boolean> {
    try {
      const { lines, lookAgain } = await reader.read(isLast);
      if (mergeLines(told, lines, passOver)) onDetails(Object.fromEntries(told));
      return lookAgain;
    } catch {
      return false; // progress is a courtesy: the run goes on without
    }
  }

  const pace = createPace(() => read(false));
  const stopWatching = watchOrPoll(path, pace.changed);
  return {
    details: () => Object.fromEntries(told),
    passedOver: () => passedOver,
    async finish() {
      stopWatching();
      await pace.stop();
      await read(true);
    },
  };
}

interface Pace {
  changed(): void;
  /** Resolves when no look is under way. */
  stop(): Promise<void>;
}

/** Looks at once when something changed, one look at a time, and not again before the interval is over. */
function createPace(look: () => Promise<boolean>): Pace {
  let isDirty = false;
  let isStopped = false;
  let looking = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function lookNow(): void {
    isDirty = false;
    timer = setTimeout(intervalOver, READ_INTERVAL_MS);
    looking = looking.then(look).then((lookAgain) => {
      isDirty ||= lookAgain;
    });
  }

  async function intervalOver(): Promise<void> {
    await looking;
    timer = undefined;
    if (isDirty && !isStopped) lookNow();
  }

  return {
    changed() {
      isDirty = true;
      if (timer === undefined && !isStopped) lookNow();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
      return looking;
    },
  };
}

/** @returns whether anything changed. */
function mergeLines(told: Map<string, string>, lines: readonly string[], passOver: (line: string) => void): boolean {
  let changed = false;
  for (const line of lines) {
    const [, key, value] = line.length <= MAX_LINE_LENGTH ? (LINE.exec(line) ?? []) : [];
    if (key === undefined || value === undefined) {
      if (line.trim() !== '') passOver(line);
      continue;
    }
    if (told.get(key) === value) continue;
    if (!told.has(key) && told.size >= MAX_KEYS) continue;
    told.set(key, value);
    changed = true;
  }
  return changed;
}

interface Reader {
  /** @param isLast a last line without an end counts. */
  read(isLast: boolean): Promise<{ readonly lines: readonly string[]; readonly lookAgain: boolean }>;
}

function createReader(file: FileHandle): Reader {
  let offset = 0;
  let partLine = Buffer.alloc(0);

  /** @returns the bytes appended since the last time. */
  async function readAppended(): Promise<Buffer> {
    const { size } = await file.stat();
    if (size < offset) goTo(0); // its handler emptied it
    const isCut = size - offset > MAX_READ_BYTES;
    if (isCut) goTo(size - MAX_READ_BYTES);
    if (size === offset) return Buffer.alloc(0);
    const buffer = Buffer.allocUnsafe(size - offset);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    offset += bytesRead;
    // The first line after a cut has no front: `ent=5` would be another key than `percent=5`.
    return buffer.subarray(isCut ? buffer.indexOf('\n') + 1 : 0, bytesRead);
  }

  function goTo(position: number): void {
    offset = position;
    partLine = Buffer.alloc(0);
  }

  /** What is appended between a look and this would be lost: hence only while nothing is, or when there is far too much. */
  async function emptyIfLarge(isQuiet: boolean): Promise<void> {
    if (offset < (isQuiet ? MAX_READ_BYTES : MAX_FILE_BYTES)) return;
    await file.truncate(0);
    offset = 0;
  }

  return {
    async read(isLast) {
      const appended = await readAppended();
      await emptyIfLarge(appended.length === 0);
      const bytes = Buffer.concat([partLine, appended]);
      const end = isLast ? bytes.length : bytes.lastIndexOf('\n') + 1;
      partLine = bytes.subarray(end).subarray(0, MAX_LINE_LENGTH + 1);
      return { lines: bytes.toString('utf8', 0, end).split('\n'), lookAgain: offset >= MAX_READ_BYTES };
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
