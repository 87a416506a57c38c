/** What becomes of a handler whose output nobody reads in time, or at all, and whose input is closed. */
import type { ProcessSpec } from '../ports/process-runner.ts';
import type { BenchRun } from './bench.ts';
import type { Check, CheckContext } from './check-context.ts';
import { fail, isSameEnd, notApplicable, pass, seconds, shownEnd } from './verdict.ts';

const MEGABYTES = 100;
const MIB = 1024 ** 2;
/** The agent keeps 4 KiB of each stream; the rest is for its garbage collector. */
const MAX_GROWTH_MIB = 64;
const SAMPLE_MS = 20;

/** Half of it on each stream, before the handler itself begins. */
const FLOOD =
  `head -c ${MEGABYTES / 2}M /dev/zero | tr '\\0' x; ` +
  `head -c ${MEGABYTES / 2}M /dev/zero | tr '\\0' y >&2; exec "$@"`;

export const muchOutput: Check = {
  name: `${MEGABYTES} MB of output`,
  needsProcess: true,
  async perform({ bench, normal }) {
    const before = process.memoryUsage.rss();
    let most = before;
    const sampling = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, SAMPLE_MS);
    const run = await bench.run({ change: shell(FLOOD) }).finally(() => clearInterval(sampling));
    const grown = Math.round((most - before) / MIB);
    const what = `${MEGABYTES} MB were printed before it: ${shownEnd(run)} after ${seconds(run.durationMs)}, the agent grew by ${grown} MiB`;
    return isSameEnd(run, normal) && grown <= MAX_GROWTH_MIB ? pass(what) : fail(what);
  },
};

// Node.js does not die of SIGPIPE, so that a signal is told as sh(1) tells it: 128 and its number.

/**
 * Reads a little at a time, so that the pipe is full for most of it: whoever prints has to wait. When the program has ended,
 * what it left in the pipe is read at once; a child of it that holds the pipe open is another check's.
 */
const SLOW_READER = `
const { spawn } = require('node:child_process');
const { constants } = require('node:os');
const [program, ...args] = process.argv.slice(1);
const child = spawn(program, args, { stdio: ['inherit', 'pipe', 'pipe'] });
let left = 1024 * 1024;
const streams = [child.stdout, child.stderr];
for (const stream of streams) {
  stream.on('data', (chunk) => {
    left -= chunk.length;
    if (left < 0) return;
    stream.pause();
    setTimeout(() => stream.resume(), 100);
  });
}
child.on('exit', (code, signal) => {
  const end = () => process.exit(code ?? 128 + constants.signals[signal]);
  left = 0;
  for (const stream of streams) stream.resume();
  child.on('close', end);
  setTimeout(end, 1000);
});
`;

/** As when the agent is gone: the reading ends of its pipes are closed, and only then it begins. */
const NO_READER = `
const { spawn } = require('node:child_process');
const { constants } = require('node:os');
const { once } = require('node:events');
const gate = 'read go <&3; exec 3<&-; exec "$@"';
const stdio = ['inherit', 'pipe', 'pipe', 'pipe'];
const child = spawn('/bin/sh', ['-c', gate, 'sh', ...process.argv.slice(1)], { stdio });
const closed = [child.stdout, child.stderr].map((stream) => once(stream.destroy(), 'close'));
Promise.all(closed).then(() => child.stdio[3].end('go\\n'));
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
`;

export const slowReader: Check = {
  name: 'slow reader',
  needsProcess: true,
  async perform(context) {
    if (isSilent(context.normal)) return notApplicable('it printed nothing');
    const run = await context.bench.run({ change: node(SLOW_READER) });
    const what = `its output was read slowly: ${shownEnd(run)}`;
    return isSameEnd(run, context.normal) ? pass(what) : fail(`${what}; in peace ${shownEnd(context.normal)}`);
  },
};

export const closedOutput: Check = {
  name: 'closed output',
  needsProcess: true,
  async perform(context) {
    if (isSilent(context.normal)) return notApplicable('it printed nothing');
    const run = await context.bench.run({ change: node(NO_READER) });
    const what = `stdout and stderr were closed by their reader: ${shownEnd(run)}`;
    if (isSameEnd(run, context.normal)) return pass(what);
    return fail(`${what}; where nobody listens it should go on (in sh: ignore SIGPIPE, or print to a file)`);
  },
};

export const closedInput: Check = {
  name: 'closed stdin',
  needsProcess: true,
  async perform({ bench, kind }: CheckContext) {
    if (kind === 'module') return notApplicable('the stdin of a module is the agent’s');
    const run = await bench.run({ change: shell('exec "$@" <&-') });
    const what = `stdin was closed: ${shownEnd(run)} after ${seconds(run.durationMs)}`;
    return run.end === null ? fail(what) : pass(what);
  },
};

function isSilent({ processes }: BenchRun): boolean {
  return processes.every(({ outputTimes }) => outputTimes.length === 0);
}

function shell(script: string): (spec: ProcessSpec) => ProcessSpec {
  return (spec) => ({ ...spec, argv: ['/bin/sh', '-c', script, 'sh', ...spec.argv] });
}

function node(script: string): (spec: ProcessSpec) => ProcessSpec {
  return (spec) => ({ ...spec, argv: [process.execPath, '-e', script, '--', ...spec.argv] });
}
