/**
 * Real pipes for a program's output.
 *
 * What Node.js calls a pipe is a socket on Linux, and a socket cannot be opened by its name in /proc: in a handler,
 * `echo text > /dev/stderr` fails with "No such device or address". Named pipes can. They are made once, by mkfifo(1),
 * lose their names at once, and are used again for the next run.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

export interface OutputPipes {
  /** `undefined` where named pipes cannot be made; then use what Node.js has. */
  open(): OpenPipes | undefined;
  /** Removes the names that an earlier agent process, killed while it made pipes, had no time to. Never throws. */
  removeLeftovers(): void;
}

export interface OpenPipes {
  /** What the program prints. They close when the last process that holds the other ends is gone, if they are read. */
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** The other ends, for the child. */
  readonly writeFds: [stdout: number, stderr: number];
  /** To be called as soon as the child has them. */
  closeWriters(): void;
}

/** Nobody reaches a pipe without a name, but a program that runs as another user may open its own /dev/stderr. */
const PIPE_MODE = '0622';
const HOME_START = 'pipes-';
/** Enough for the runs that follow each other; each pair takes two descriptors. */
const MAX_FREE_PAIRS = 4;
/** Names a file without opening it, open(2); not among the constants of Node.js. */
const O_PATH = 0o10000000;

/** @param folder where the pipes have their names for the moment in which they are made. */
export function createOutputPipes(folder: string): OutputPipes {
  const free: PipePair[] = [];
  return {
    open() {
      const pair = free.pop() ?? makePair(folder);
      if (pair === undefined) return undefined;
      return openPair(pair, (isUsable) => {
        if (isUsable && free.length < MAX_FREE_PAIRS) free.push(pair);
        else pair.forEach(closeSync);
      });
    },
    removeLeftovers() {
      try {
        for (const name of readdirSync(folder)) {
          if (name.startsWith(HOME_START)) rmSync(join(folder, name), { recursive: true, force: true });
        }
      } catch {
        // There was no folder yet, or it takes no changes: a few empty names harm nobody.
      }
    },
  };
}

/** Two descriptors that hold a pipe each without reading or writing it. Whoever opens /proc/self/fd/<n> does. */
type PipePair = readonly [stdout: number, stderr: number];

function makePair(folder: string): PipePair | undefined {
  if (process.platform !== 'linux') return undefined;
  let home: string | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    home = mkdtempSync(join(folder, HOME_START));
    const paths = [join(home, 'stdout'), join(home, 'stderr')] as const;
    spawnSync('mkfifo', ['-m', PIPE_MODE, ...paths], { env: { PATH: '/usr/bin:/bin' }, stdio: 'ignore' });
    return holdPair(paths);
  } catch {
    return undefined; // no mkfifo, no /proc, no room
  } finally {
    if (home !== undefined) rmSync(home, { recursive: true, force: true });
  }
}

function holdPair([stdout, stderr]: readonly [string, string]): PipePair {
  const first = openSync(stdout, O_PATH);
  try {
    return [first, openSync(stderr, O_PATH)];
  } catch (error) {
    closeSync(first);
    throw error;
  }
}

function openPair(pair: PipePair, onClosed: (isUsable: boolean) => void): OpenPipes | undefined {
  const fds: number[] = [];
  try {
    // The reading end first: the other would wait for it. Only the reading end is non-blocking: programs do not expect
    // that of what they print to.
    for (const fd of pair) fds.push(openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK));
    for (const fd of pair) fds.push(openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY));
  } catch {
    fds.forEach(closeSync); // out of descriptors
    onClosed(false);
    return undefined;
  }
  const [stdoutRead, stderrRead, ...writeFds] = fds as [number, number, number, number];
  const stdout = new Socket({ fd: stdoutRead, readable: true, writable: false });
  const stderr = new Socket({ fd: stderrRead, readable: true, writable: false });
  whenBothClosed([stdout, stderr], onClosed);
  return { stdout, stderr, writeFds, closeWriters: () => writeFds.forEach(closeSync) };
}

/** Without an end somebody still writes, and the next run must not hear of it: such pipes are not used again. */
function whenBothClosed(readers: readonly Socket[], onClosed: (isUsable: boolean) => void): void {
  let open = readers.length;
  let ended = 0;
  for (const reader of readers) {
    reader.once('end', () => {
      ended += 1;
    });
    reader.once('close', () => {
      open -= 1;
      if (open === 0) onClosed(ended === readers.length);
    });
  }
}
