// The real program, as somebody at a shell calls it. Needs the bundle: `npm run build`.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { JsonValue } from '../../agent/core/json.ts';
import { AGENT_BUNDLE } from '../fixtures/agent-process.ts';

export interface Desk {
  readonly folder: string;
  readonly handlersDir: string;
  /** Writes an executable into `handlersDir`. */
  handler(name: string, script: string, mode?: number): Promise<string>;
  /** Writes a file into the folder. @returns its path. */
  file(name: string, content: string | JsonValue): Promise<string>;
  /** Runs the program; settings that are not there have their defaults. */
  run(args: readonly string[], stdin?: string): Promise<Ended>;
  start(args: readonly string[], stdin?: string): Running;
  /** What the program left in its folder for temporary files. */
  leftovers(): Promise<readonly string[]>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stderr has this text. */
  says(text: string): Promise<void>;
  /** Resolves when stdout has this text. */
  prints(text: string): Promise<void>;
}

export async function createDesk(): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'desk-'));
  const temporary = join(folder, 'tmp');
  const handlersDir = join(folder, 'handlers');
  for (const made of [temporary, handlersDir]) await mkdir(made, { mode: 0o700 });
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const env = { PATH: process.env.PATH, TMPDIR: temporary, JOB_AGENT_HANDLERS_DIR: handlersDir };
  const start = (args: readonly string[], stdin?: string) => startProgram({ args, env, cwd: folder }, stdin);
  return {
    folder,
    handlersDir,
    start,
    run: (args, stdin) => start(args, stdin).ended,
    async handler(name, script, mode = 0o755) {
      const path = join(handlersDir, name);
      await writeFile(path, script);
      await chmod(path, mode);
      return path;
    },
    async file(name, content) {
      const path = join(folder, name);
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    },
    leftovers: () => readdir(temporary),
  };
}

interface Call {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

function startProgram({ args, env, cwd }: Call, stdin = ''): Running {
  const child = spawn(process.execPath, [AGENT_BUNDLE, ...args], { env, cwd, stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  const heard = () => {
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    heard();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    heard();
  });
  child.stdin.on('error', () => undefined); // it may not read
  child.stdin.end(stdin);
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }));
  const until = (text: string, output: () => string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (output().includes(text)) resolve();
      };
      listeners.add(look);
      void ended.then(() => reject(new Error(`it ended without ${text}: ${stdout}${stderr}`)));
      look();
    });
  return { child, ended, says: (text) => until(text, () => stderr), prints: (text) => until(text, () => stdout) };
}
