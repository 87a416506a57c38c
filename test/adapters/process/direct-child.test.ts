/** How programs are started and how they end, with real ones. What is left of them: end-run.test.ts. */
import { readdirSync } from 'node:fs';
import { access, chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { readProcessTable } from '../../../agent/adapters/process/process-table.ts';
import { handler, inRunFolder, testPath } from './run-folder.ts';

describe('the end of a run', () => {
  test('an exit code comes with both outputs', () =>
    inRunFolder(async ({ start }) => {
      expect(await start([handler('exit-3.sh')]).ended).toEqual({
        kind: 'exited',
        exitCode: 3,
        stdoutTail: 'nothing to do\n',
        stderrTail: 'first complaint\nsecond complaint',
        stdoutBytes: 14,
        stderrBytes: 32,
        stderrLines: 2,
      });
    }));

  test('a signal is named', () =>
    inRunFolder(async ({ start }) => {
      const end = await start([handler('kill-self.sh')]).ended;
      expect(end).toMatchObject({ kind: 'signaled', signal: 'SIGKILL', stdoutTail: 'so far, so good\n' });
    }));

  test('binary output survives as replacement characters', () =>
    inRunFolder(async ({ start }) => {
      const end = await start([handler('binary-output.sh')]).ended;
      expect(end).toMatchObject({ exitCode: 0, stdoutTail: '\ufffd\ufffd\0\x1b[31m\ufffd', stdoutBytes: 9 });
    }));

  test.each([[['stdout']], [['stderr']], [['stdout', 'stderr']]])('100 MB on %j take no memory', (streams) =>
    inRunFolder(async ({ start }) => {
      const before = process.memoryUsage().rss;
      let highest = before;
      const onOutput = () => {
        highest = Math.max(highest, process.memoryUsage.rss());
      };
      const end = await start([handler('flood.sh'), ...streams], { outputTailBytes: 1024, onOutput }).ended;
      for (const stream of streams) {
        expect(end).toMatchObject({ [`${stream}Bytes`]: 100_000_009 });
        expect(end).toHaveProperty(`${stream}Tail`, expect.stringMatching(/the end\n$/));
      }
      expect(highest - before).toBeLessThan(90 * 2 ** 20); // the young generation of Node.js 26 alone takes 67 MB
    }),
  );

  test('64 runs leave no file descriptor and no process', () =>
    inRunFolder(async ({ start, runsDir }) => {
      const one = async () => {
        const run = start(['/bin/echo', 'hello'], { stdin: 'unread' });
        await run.ended;
        await run.stop(0);
      };
      await one(); // the first makes the pipes that the others use
      const before = [openFiles(), ourChildren()];
      for (let count = 0; count < 64; count++) await one();
      expect([openFiles(), ourChildren()]).toEqual(before);
      expect(readdirSync(runsDir)).toEqual([]);
    }));

  test('runs at the same time keep their outputs apart', () =>
    inRunFolder(async ({ start }) => {
      const numbers = Array.from({ length: 8 }, (_, index) => String(index));
      const ends = await Promise.all(numbers.map((number) => start(['sh', '-c', `sleep 0.1; echo ${number}`]).ended));
      expect(ends).toMatchObject(numbers.map((number) => ({ exitCode: 0, stdoutTail: `${number}\n` })));
    }));
});

describe('what a program is given', () => {
  test('the environment as given, and the mark', () =>
    inRunFolder(async ({ start }) => {
      vi.stubEnv('NODE_V8_COVERAGE', '/nowhere'); // Node.js hands this one on by itself
      onTestFinished(() => void vi.unstubAllEnvs());
      const env = { GREETING: 'a b\nc=d', EMPTY: '' };
      const end = await start(['/usr/bin/env', '-0'], { env, runId: 'run-1' }).ended;
      const variables = end.kind === 'exited' ? end.stdoutTail.split('\0').sort() : [];
      expect(variables).toEqual(['', 'EMPTY=', 'GREETING=a b\nc=d', 'JOB_AGENT_RUN_ID=run-1']);
    }));

  test('arguments stay arguments', () =>
    inRunFolder(async ({ start, folder }) => {
      const args = ['$(touch made)', '; touch made', '`touch made`', '-n', '', 'a  b', '*'];
      const end = await start(['printf', '%s\n', ...args]).ended;
      expect(end).toMatchObject({ stdoutTail: `${args.join('\n')}\n` });
      expect(readdirSync(folder)).toEqual(['runs']);
    }));

  test('its working folder', () =>
    inRunFolder(async ({ start, folder }) => {
      expect(await start(['pwd', '-P'], { cwd: join(folder, 'runs', '..') }).ended).toMatchObject({
        stdoutTail: expect.stringMatching(/\/runs-[^/]+\n$/),
      });
    }));

  test('input, which then ends', () =>
    inRunFolder(async ({ start }) => {
      const end = await start(['/bin/cat'], { stdin: 'grüße'.repeat(50_000), outputTailBytes: 4 }).ended;
      expect(end).toMatchObject({ kind: 'exited', exitCode: 0, stdoutBytes: 350_000, stdoutTail: 'ße' });
    }));

  test('an empty input unless told otherwise', () =>
    inRunFolder(async ({ start }) => {
      expect(await start(['/bin/cat']).ended).toMatchObject({ kind: 'exited', exitCode: 0, stdoutBytes: 0 });
    }));

  test('input that nobody reads does no harm', () =>
    inRunFolder(async ({ start }) => {
      const end = await start(['/bin/true'], { stdin: 'x'.repeat(1_000_000) }).ended;
      expect(end).toMatchObject({ kind: 'exited', exitCode: 0 });
    }));

  test('streams that can be opened by name', () =>
    inRunFolder(async ({ start }) => {
      const end = await start([handler('open-by-name.sh')]).ended;
      expect(end).toMatchObject({ exitCode: 0, stdoutTail: 'by name\n', stderrTail: 'also by name\n' });
    }));
});

describe('a program that cannot be started', () => {
  test.each([
    ['is missing', 'no-such-program', 'ENOENT'],
    ['is missing at its path', '/nowhere/program', 'ENOENT'],
    ['is a folder', '/usr', 'EACCES'],
    ['may not be executed', handler('not-executable.sh'), 'EACCES'],
    ['has no interpreter', handler('no-interpreter.sh'), 'ENOENT'],
    ['has a NUL in its name', '/bin/true\0', 'EINVAL'],
    ['lies under a file', '/etc/passwd/program', 'ENOTDIR'],
  ])('because it %s says so', (_reason, program, code) =>
    inRunFolder(async ({ start }) => {
      const end = await start([program]).ended;
      expect(end).toEqual({
        kind: 'not-started',
        code,
        message: expect.stringContaining(program.split('\0')[0] ?? ''),
      });
    }),
  );

  test.each([
    ['empty', ''],
    ['of zeros', '\0'.repeat(4096)],
  ])('because it is %s is not taken for a script', (_what, contents) =>
    inRunFolder(async ({ start, folder }) => {
      const program = join(folder, 'damaged');
      await writeFile(program, contents);
      await chmod(program, 0o755);
      expect(await start([program]).ended).toMatchObject({ kind: 'not-started', code: 'ENOEXEC' });
    }),
  );

  test('with arguments that are too long says so', () =>
    inRunFolder(async ({ start }) => {
      const end = await start(['/bin/true', 'x'.repeat(200_000)]).ended;
      expect(end).toMatchObject({ kind: 'not-started', code: 'E2BIG' });
    }));

  test('with a NUL in an argument or a variable says so', () =>
    inRunFolder(async ({ start }) => {
      expect(await start(['/bin/true', 'a\0b']).ended).toMatchObject({ kind: 'not-started', code: 'EINVAL' });
      const env = { PATH: testPath, NAME: 'a\0b' };
      expect(await start(['/bin/true'], { env }).ended).toMatchObject({ kind: 'not-started', code: 'EINVAL' });
    }));

  test('in a missing folder names the folder', () =>
    inRunFolder(async ({ start }) => {
      const end = await start(['/bin/true'], { cwd: '/nowhere' }).ended;
      expect(end).toMatchObject({ kind: 'not-started', code: 'ENOENT', message: expect.stringContaining('/nowhere') });
    }));

  test('under a run id that is a path is refused', () =>
    inRunFolder(async ({ start, folder }) => {
      const end = await start(['/bin/true'], { runId: '../escaped' }).ended;
      expect(end).toMatchObject({ kind: 'not-started', code: 'EINVAL' });
      await expect(access(join(folder, 'escaped.json'))).rejects.toThrow();
    }));

  test('leaves no file descriptor', () =>
    inRunFolder(async ({ start }) => {
      const failTwice = async () => {
        expect(await start([handler('no-interpreter.sh')]).ended).toMatchObject({ kind: 'not-started' });
        expect(await start(['/bin/true', 'x'.repeat(200_000)]).ended).toMatchObject({ kind: 'not-started' });
      };
      for (let count = 0; count < 8; count++) await failTwice(); // makes the pipes that are kept
      const before = openFiles();
      for (let count = 0; count < 12; count++) await failTwice();
      await expect.poll(openFiles).toBeLessThanOrEqual(before);
    }));
});

/** How many files this process has open; 0 where the system does not say. */
function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

/** Children of this process, zombies included. */
function ourChildren(): number {
  return [...(readProcessTable()?.entries.values() ?? [])].filter((entry) => entry.parentPid === process.pid).length;
}
