/** Changing user takes root; without it these tests say on stderr that they did not run. */
import { execFileSync } from 'node:child_process';
import { chmod, copyFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inRunFolder, type RunFolder } from './run-folder.ts';

const nobody = accountOf('nobody');
const isRoot = process.geteuid?.() === 0 && process.platform === 'linux';

function rootTest(title: string, body: (folder: RunFolder) => Promise<void>): void {
  if (isRoot) test(title, () => inRunFolder(body));
  else process.stderr.write(`not tested, for want of root: ${title}\n`);
}

test('our own user changes nothing', () =>
  inRunFolder(async ({ start }) => {
    const { username: name, uid, gid } = userInfo();
    const end = await start(['id', '-u'], { runAs: { name, uid, gid } }).ended;
    expect(end).toMatchObject({ exitCode: 0, stdoutTail: `${uid}\n` });
  }));

rootTest('a user who is gone meanwhile is refused', async ({ start }) => {
  const runAs = { name: 'no-such-user', uid: 54_321, gid: 54_321 };
  const end = await start(['id'], { runAs }).ended;
  expect(end).toMatchObject({ kind: 'not-started', code: 'EPERM' });
  expect(end).toHaveProperty('message', expect.stringContaining('no-such-user'));
});

rootTest('a named user brings uid, gid and groups', async ({ start, folder }) => {
  await chmod(folder, 0o755);
  const expected = await start(['id', 'nobody']).ended;
  const end = await start(['id'], { runAs: nobody }).ended;
  expect(end).toMatchObject({ kind: 'exited', exitCode: 0 });
  expect(end).toHaveProperty('stdoutTail', 'stdoutTail' in expected ? expected.stdoutTail : 'a list of groups');
});

rootTest('another user has none of our capabilities', async ({ start }) => {
  const end = await start(['grep', '-E', '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)', '/proc/self/status'], {
    runAs: nobody,
  }).ended;
  const none = '0000000000000000';
  expect(end).toMatchObject({
    stdoutTail: `CapInh:\t${none}\nCapPrm:\t${none}\nCapEff:\t${none}\nCapAmb:\t${none}\nNoNewPrivs:\t1\n`,
  });
});

rootTest('another user gets exactly the given environment', async ({ start }) => {
  const end = await start(['env'], { runAs: nobody, runId: 'run-1', env: { PATH: '/usr/bin' } }).ended;
  expect(end).toMatchObject({ stdoutTail: 'PATH=/usr/bin\nJOB_AGENT_RUN_ID=run-1\n' });
});

rootTest('another user can open its own streams', async ({ start }) => {
  const end = await start(['sh', '-c', 'echo a > /dev/stdout; echo b > /dev/stderr'], { runAs: nobody }).ended;
  expect(end).toMatchObject({ exitCode: 0, stdoutTail: 'a\n', stderrTail: 'b\n' });
});

rootTest('a program closed to the user is not started', async ({ start, folder }) => {
  await chmod(folder, 0o755);
  const program = join(folder, 'of-root-only');
  await copyFile('/bin/true', program);
  await chmod(program, 0o700);
  expect(await start([program], { runAs: nobody }).ended).toMatchObject({ kind: 'not-started', code: 'EACCES' });
});

rootTest('an exit of 127 after output is its own', async ({ start }) => {
  const end = await start(['sh', '-c', 'echo ran; exit 127'], { runAs: nobody }).ended;
  expect(end).toMatchObject({ kind: 'exited', exitCode: 127 });
});

rootTest('the run of another user can be stopped', async ({ startReady }) => {
  const { run } = await startReady(['sh', '-c', 'echo ready; exec sleep 300'], { runAs: nobody });
  await run.stop(10_000);
  expect(await run.ended).toMatchObject({ kind: 'signaled', signal: 'SIGTERM' });
});

function accountOf(name: string): { name: string; uid: number; gid: number } {
  const [uid = 0, gid = 0] = ['-u', '-g'].map((option) => Number(execFileSync('id', [option, name])));
  return { name, uid, gid };
}
