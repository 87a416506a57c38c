/** A direct-child runner with a folder of its own, and fixtures to run. Whatever a test starts, it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDirectChildRunner } from '../../../agent/adapters/process/direct-child.ts';
import { readProcess } from '../../../agent/adapters/process/process-table.ts';
import {
  type ProcessRunner,
  type ProcessSpec,
  RUN_ID_VARIABLE,
  type RunningProcess,
} from '../../../agent/ports/process-runner.ts';

export interface RunFolder {
  readonly runner: ProcessRunner;
  /** For the test's own files. */
  readonly folder: string;
  readonly runsDir: string;
  start(argv: ProcessSpec['argv'], extra?: Partial<ProcessSpec>): RunningProcess;
  /** Starts one that prints a line when it is ready, and reads that line. */
  startReady(argv: ProcessSpec['argv'], extra?: Partial<ProcessSpec>): Promise<ReadyProcess>;
}

export interface ReadyProcess {
  readonly run: RunningProcess;
  readonly line: string;
}

export const testPath = '/usr/bin:/bin:/usr/sbin:/sbin';

export async function inRunFolder(body: (folder: RunFolder) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'runs-'));
  const runsDir = join(folder, 'runs');
  const runner = createDirectChildRunner({ runsDir });
  const started: RunningProcess[] = [];
  const start: RunFolder['start'] = (argv, extra) => {
    const runId = `test-${randomUUID()}`;
    const run = runner.start({ runId, argv, cwd: folder, env: { PATH: testPath }, outputTailBytes: 4096, ...extra });
    started.push(run);
    return run;
  };
  try {
    await body({ runner, folder, runsDir, start, startReady: (argv, extra) => startReady(start, argv, extra) });
  } finally {
    await Promise.all(started.map((run) => run.stop(0)));
    await rm(folder, { recursive: true, force: true });
  }
}

/** The absolute path of a fixture. */
export function handler(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/handlers/${name}`, import.meta.url));
}

/** False for a zombie too. */
export function isAlive(pid: number): boolean {
  return readProcess(pid)?.isOver === false;
}

/** A process as an earlier agent process left it: in its own session, with the mark of its run. */
export function startMarkedProcess(runId: string): ChildProcess {
  return spawn('/bin/sleep', ['300'], { env: { [RUN_ID_VARIABLE]: runId }, detached: true, stdio: 'ignore' });
}

async function startReady(
  start: RunFolder['start'],
  argv: ProcessSpec['argv'],
  extra: Partial<ProcessSpec> = {},
): Promise<ReadyProcess> {
  let printed = '';
  let heard: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const run = start(argv, {
    ...extra,
    onOutput(_stream, chunk) {
      printed += Buffer.from(chunk).toString();
      if (printed.includes('\n')) heard();
    },
  });
  const end = await Promise.race([ready, run.ended]);
  if (end !== undefined && !printed.includes('\n')) throw new Error(`it ended at once: ${JSON.stringify(end)}`);
  return { run, line: printed.slice(0, printed.indexOf('\n')) };
}
