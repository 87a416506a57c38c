/** That no process of a run outlives it, wherever it went. Linux only in part: elsewhere only the group is ended. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { readBootId } from '../../../agent/adapters/boot/linux.ts';
import { readProcess } from '../../../agent/adapters/process/process-table.ts';
import { handler, inRunFolder, isAlive, type RunFolder, startMarkedProcess } from './run-folder.ts';

const source = fileURLToPath(new URL('../../../agent/adapters/process/direct-child.ts', import.meta.url));

function linuxTest(title: string, body: (folder: RunFolder) => Promise<void>): void {
  if (process.platform === 'linux') test(title, () => inRunFolder(body));
  else process.stderr.write(`not tested, for want of /proc: ${title}\n`);
}

linuxTest('who ignores TERM is killed with its child', async ({ startReady }) => {
  const { run, line } = await startReady([handler('ignore-term.sh')]);
  const pids = pidsIn(line);
  expect(pids.map(isAlive)).toEqual([true, true]);
  await run.stop(200);
  expect(pids.map(isAlive)).toEqual([false, false]);
  expect(await run.ended).toMatchObject({ kind: 'signaled', signal: 'SIGKILL' });
});

linuxTest('a child that outlives a polite leader is killed', async ({ startReady }) => {
  const { run, line } = await startReady([handler('polite.sh')]);
  const stopped = run.stop(60_000);
  expect(await run.ended).toMatchObject({ kind: 'exited', exitCode: 7, stdoutTail: `${line}\nasked to end\n` });
  expect(pidsIn(line).map(isAlive)).toEqual([false]);
  await stopped;
});

linuxTest('each is asked to end only once', async ({ startReady }) => {
  const { run } = await startReady([handler('count-terms.sh')]);
  await run.stop(10_000);
  expect(await run.ended).toMatchObject({ kind: 'exited', stdoutTail: 'ready\nasked 1 time(s)\n' });
});

linuxTest('what cleans up on TERM is left to', async ({ startReady }) => {
  const { run } = await startReady([handler('clean-up.sh')]);
  await run.stop(10_000);
  expect(await run.ended).toMatchObject({ kind: 'exited', exitCode: 0, stdoutTail: 'ready\ncleaned up\n' });
});

linuxTest('a daemon of its own session is killed', async ({ startReady, folder }) => {
  const pidFile = join(folder, 'daemon.pid');
  const { run } = await startReady([handler('leave-a-child.sh'), pidFile, 'stay']);
  const pid = Number(await readFile(pidFile, 'utf8'));
  expect(readProcess(pid)).toMatchObject({ sessionId: pid, isOver: false });
  await run.stop(200);
  expect(isAlive(pid)).toBe(false);
});

linuxTest('a child without the mark is killed', async ({ startReady }) => {
  const { run, line } = await startReady([handler('drop-the-mark.sh')]);
  const pids = pidsIn(line);
  await run.stop(200);
  expect(pids.map(isAlive)).toEqual([false]);
});

linuxTest('a daemon does not outlive a finished run', async ({ start, folder, runsDir }) => {
  const pidFile = join(folder, 'daemon.pid');
  const run = start([handler('leave-a-child.sh'), pidFile]);
  expect(await run.ended).toMatchObject({ kind: 'exited', exitCode: 0 });
  const pid = Number(await readFile(pidFile, 'utf8'));
  expect(isAlive(pid)).toBe(false);
  expect(readdirSync(runsDir)).toEqual([]);
});

linuxTest('a held pipe does not hold the end', async ({ start }) => {
  const run = start([handler('hold-the-pipe.sh')], { outputTailBytes: 1_000_000 });
  const end = await run.ended;
  expect(end).toMatchObject({ kind: 'exited', exitCode: 0 });
  const child = Number(/child (\d+)/.exec('stdoutTail' in end ? end.stdoutTail : '')?.[1]);
  expect(isAlive(child)).toBe(false);
  expect(await start(['/bin/true']).ended).toMatchObject({ stdoutBytes: 0, stderrBytes: 0 });
  const next = [1, 2, 3].map(() => start(['sh', '-c', 'sleep 0.2; echo "mine alone"']).ended);
  for (const other of await Promise.all(next)) expect(other).toMatchObject({ stdoutTail: 'mine alone\n' });
});

linuxTest('a later stop shortens the grace', async ({ startReady }) => {
  const { run, line } = await startReady([handler('ignore-term.sh')]);
  const first = run.stop(24 * 3_600_000);
  await run.stop(0);
  await first;
  expect(pidsIn(line).map(isAlive)).toEqual([false, false]);
});

linuxTest('the run file lasts as long as the run', async ({ startReady, runsDir }) => {
  const { run, line } = await startReady([handler('ignore-term.sh')], { runId: 'job-1' });
  const [pid = 0] = pidsIn(line);
  const file: unknown = JSON.parse(await readFile(join(runsDir, 'job-1.json'), 'utf8'));
  expect(file).toEqual({ pid, startTime: readProcess(pid)?.startTime, bootId: readBootId() });
  await run.stop(0);
  expect(existsSync(join(runsDir, 'job-1.json'))).toBe(false);
});

linuxTest('what a killed agent left is ended', async ({ folder, runsDir, runner }) => {
  const runId = `left-${randomUUID()}`;
  const pidFile = join(folder, 'daemon.pid');
  const argv = [handler('leave-a-child.sh'), pidFile, 'stay'];
  const agent = await startOtherAgent(folder, { runsDir, spec: { runId, argv, cwd: folder } });
  agent.kill('SIGKILL');
  await once(agent, 'exit');
  const daemon = Number(await readFile(pidFile, 'utf8'));
  const { pid: leader } = JSON.parse(await readFile(join(runsDir, `${runId}.json`), 'utf8')) as { pid: number };
  expect([daemon, leader].map(isAlive)).toEqual([true, true]);
  expect(await runner.endLeftovers((id) => id === runId, 200)).toEqual([runId]);
  expect([daemon, leader].map(isAlive)).toEqual([false, false]);
  expect(readdirSync(runsDir)).toEqual([]);
});

linuxTest('a run file names the living without a mark', async ({ runsDir, runner }) => {
  const child = spawn('/bin/sleep', ['300'], { env: {}, detached: true, stdio: 'ignore' });
  const exited = once(child, 'exit');
  const { pid = 0 } = child;
  await leaveRunFile(runsDir, 'unmarked', { pid, startTime: readProcess(pid)?.startTime });
  expect(await runner.endLeftovers(() => false, 1_000)).toEqual(['unmarked']);
  expect(await exited).toEqual([null, 'SIGTERM']);
});

linuxTest('a pid that is another process is left alone', async ({ runsDir, runner }) => {
  const bystander = spawn('/bin/sleep', ['300'], { env: {}, detached: true, stdio: 'ignore' });
  const exited = once(bystander, 'exit');
  const { pid = 0 } = bystander;
  const startTime = readProcess(pid)?.startTime ?? 0;
  await leaveRunFile(runsDir, 'reused', { pid, startTime: startTime - 1 });
  await leaveRunFile(runsDir, 'other-boot', { pid, startTime, bootId: 'of another boot' });
  await leaveRunFile(runsDir, 'everybody', { pid: -1, startTime: 0 });
  await leaveRunFile(runsDir, 'ourselves', { pid: process.pid, startTime: readProcess(process.pid)?.startTime });
  await writeFile(join(runsDir, 'torn.json'), '{"pid":');
  expect(await runner.endLeftovers(() => false, 0)).toEqual([]);
  expect(readdirSync(runsDir)).toEqual([]);
  expect(isAlive(pid)).toBe(true);
  bystander.kill('SIGKILL');
  await exited;
});

linuxTest('names of pipes go that a killed agent left', async ({ runsDir, runner }) => {
  await mkdir(join(runsDir, 'pipes-Ab3dEf'), { recursive: true });
  await writeFile(join(runsDir, 'pipes-Ab3dEf', 'stdout'), '');
  await mkdir(join(runsDir, 'some-run.d'));
  expect(await runner.endLeftovers(() => false, 0)).toEqual([]);
  expect(readdirSync(runsDir)).toEqual(['some-run.d']);
});

linuxTest('marked processes of others are left alone', async ({ runner }) => {
  const bystander = startMarkedProcess(`other-${randomUUID()}`);
  const exited = once(bystander, 'exit');
  expect(await runner.endLeftovers((runId) => runId === 'nobody has this id', 0)).toEqual([]);
  expect(isAlive(bystander.pid ?? 0)).toBe(true);
  bystander.kill('SIGKILL');
  await exited;
});

function pidsIn(line: string): number[] {
  return line.trim().split(/\s+/).map(Number);
}

async function leaveRunFile(runsDir: string, runId: string, file: Record<string, unknown>): Promise<void> {
  await mkdir(runsDir, { recursive: true });
  await writeFile(join(runsDir, `${runId}.json`), JSON.stringify({ bootId: readBootId(), ...file }));
}

/** Another process with a runner of its own, which starts one run; resolves when the run has printed a line. */
async function startOtherAgent(folder: string, { runsDir, spec }: { runsDir: string; spec: object }) {
  const program = join(folder, 'other-agent.mjs');
  const contents = `
    import { createDirectChildRunner } from ${JSON.stringify(source)};
    const [runsDir, spec] = JSON.parse(process.argv[2]);
    createDirectChildRunner({ runsDir }).start({ ...spec, onOutput: () => process.stdout.write('started') });`;
  const stdin = { contents, resolveDir: folder, loader: 'ts' } as const;
  await build({ stdin, outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  const env = { PATH: '/usr/bin:/bin' };
  const whole = { ...spec, env, outputTailBytes: 100 };
  const agent = spawn(process.execPath, [program, JSON.stringify([runsDir, whole])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(agent.stdout, 'data');
  return agent;
}
