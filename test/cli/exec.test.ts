import { execFileSync } from 'node:child_process';
import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDesk } from './run-command-line.ts';

const run = (...command: string[]) => ({ operation: 'run-command', parameters: { command } });

test('a job that succeeds ends with 0, its status and details on stdout', async () => {
  const desk = await createDesk();
  await desk.handler('tell', '#!/bin/sh\ncat >&2\necho "colour=blue" >> "$JOB_STATUS_FILE"\necho done\n');
  const document = await desk.file('a.json', { operation: 'tell', parameters: { a: 1 } });
  const { code, stdout, stderr } = await desk.run(['exec', document]);
  expect(stdout).toBe('SUCCEEDED\n  colour  blue\n');
  expect(code).toBe(0);
  expect(stderr).toContain('step 1 of 1: tell\n');
  expect(stderr).toContain('  | done\n');
  expect(stderr).toContain('  ! {"a":1}\n');
  expect(await desk.leftovers()).toEqual([]);
});

test('a job that fails ends with 1, and says what the cloud would be told', async () => {
  const desk = await createDesk();
  const { code, stdout } = await desk.run(
    ['exec', '-', '--json'],
    JSON.stringify(run('sh', '-c', 'echo no >&2; exit 3')),
  );
  expect(JSON.parse(stdout)).toEqual({
    status: 'FAILED',
    statusDetails: {
      reasonCode: 'HANDLER_EXIT_CODE',
      reason: 'sh ended with exit code 3',
      stderr: 'no',
    },
  });
  expect(code).toBe(1);
});

test('a document that would be rejected ends with 3, and runs nothing', async () => {
  const desk = await createDesk();
  const trace = join(desk.folder, 'trace');
  const document = { steps: [run('touch', trace), { operation: 'write-file', parameters: { path: 'a' } }] };
  const { code, stdout } = await desk.run(['exec', '-'], JSON.stringify(document));
  expect(stdout).toMatch(/^REJECTED\n {2}reasonCode {2}PARAMETERS_INVALID\n/);
  expect(stdout).toContain('/steps/1/parameters/content: is required');
  expect(code).toBe(3);
  await expect(access(trace)).rejects.toThrow('ENOENT');
});

test('what is not JSON is wrong usage, with its place', async () => {
  const desk = await createDesk();
  const document = await desk.file('a.json', '{\n  "operation": ,\n}');
  expect(await desk.run(['exec', document])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining(`${document}:2:16: not JSON`),
  });
  expect((await desk.run(['exec', 'absent.json'])).stderr).toContain('there is no file absent.json');
});

test('a module handler runs in a process of its own, from the same file', async () => {
  const desk = await createDesk();
  const path = join(desk.folder, 'written');
  const document = { operation: 'write-file', parameters: { path, content: 'hello' } };
  const { code, stdout } = await desk.run(['exec', '-', '--quiet'], JSON.stringify(document));
  expect(stdout).toContain('  bytes   5\n');
  expect(code).toBe(0);
  expect(await readFile(path, 'utf8')).toBe('hello');
});

test('a restart is not done, and the job is not over', async () => {
  const desk = await createDesk();
  const { code, stdout } = await desk.run(['exec', '-'], '{"operation":"reboot","parameters":{}}');
  expect(stdout).toContain('IN_PROGRESS\n');
  expect(stdout).toContain('--after-reboot');
  expect(code).toBe(4);
  expect(await desk.leftovers()).toEqual([]);
});

test('after a restart that is taken to have happened, the step is verified and the next one runs', async () => {
  const desk = await createDesk();
  await desk.handler(
    'update',
    '#!/bin/sh\nif [ "$JOB_PURPOSE" = verify ]; then cat "$JOB_CHECKPOINT_FILE"; exit; fi\necho 6.12 > "$JOB_CHECKPOINT_FILE"\nexit 194\n',
  );
  const document = { steps: [{ operation: 'update' }, run('echo', 'last')] };
  const { code, stdout, stderr } = await desk.run(['exec', '-', '--after-reboot'], JSON.stringify(document));
  expect(stderr).toMatch(/step 1 of 2: update\n.*update, attempt 2, verify\n {2}\| 6\.12\n.*step 2 of 2.*\| last\n/s);
  expect(stdout).toContain('bootIdAfter');
  expect(code).toBe(0);
});

test('a job that asks to be tried later is tried at once when waits are skipped', async () => {
  const desk = await createDesk();
  await desk.handler('busy', '#!/bin/sh\n[ "$JOB_ATTEMPT" = 3 ] && exit 0\necho "the lock is held" >&2\nexit 75\n');
  const { code, stderr } = await desk.run(['exec', '-', '--skip-waits'], '{"operation":"busy"}');
  expect(stderr).toContain('waits 60 s: ');
  expect(stderr).toContain('step 1 of 1: busy, attempt 3\n');
  expect(code).toBe(0);
});

test('an interrupt cancels: TERM and what the handler does then', async () => {
  const desk = await createDesk();
  const trace = join(desk.folder, 'trace');
  await desk.handler('wait', `#!/bin/sh\ntrap 'echo cleaned > ${trace}; exit 1' TERM\necho ready\nsleep 300 & wait\n`);
  const running = desk.start(['exec', '-'], '{"operation":"wait"}');
  await running.says('| ready');
  running.child.kill('SIGINT');
  const { code, stdout } = await running.ended;
  expect(stdout).toMatch(/^CANCELED\n/);
  expect(code).toBe(130);
  expect(await readFile(trace, 'utf8')).toBe('cleaned\n');
  expect(await desk.leftovers()).toEqual([]);
});

test('a second interrupt kills what does not end', async () => {
  const desk = await createDesk();
  await desk.handler('stay', '#!/bin/sh\ntrap "echo not yet" TERM\necho ready $$\nwhile :; do sleep 0.1; done\n');
  const config = await desk.file('config.json', { stopGraceSeconds: 3600 });
  const running = desk.start(['exec', '-', '--config', config], '{"operation":"stay"}');
  await running.says('| ready');
  running.child.kill('SIGINT');
  await running.says('| not yet');
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  expect(stdout).toMatch(/^CANCELED\n/);
  expect(code).toBe(130);
  const pid = Number(/\| ready (\d+)/.exec(stderr)?.[1]);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('one that is canceled while it waits says that and no more', async () => {
  const desk = await createDesk();
  const running = desk.start(['exec', '-'], JSON.stringify({ operation: 'delay', parameters: { seconds: 600 } }));
  await running.says('waits 600 s');
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  expect([code, stdout.split('\n')[0]]).toEqual([130, 'CANCELED']);
  expect(stderr.split('\n').at(-2)).toBe('cancelling; once more kills it');
});

test('what one that was killed has left is gone after the next, its processes too, and that of one that lives stays', async () => {
  const desk = await createDesk();
  const stay = JSON.stringify(run('sh', '-c', 'echo ready $$; exec sleep 600'));
  const [killed, alive] = [desk.start(['exec', '-'], stay), desk.start(['exec', '-'], stay)];
  await Promise.all([killed.says('| ready'), alive.says('| ready')]);
  killed.child.kill('SIGKILL');
  const pid = Number(/\| ready (\d+)/.exec((await killed.ended).stderr)?.[1]);
  process.kill(pid, 0); // it runs still
  expect(await desk.leftovers()).toHaveLength(2);
  expect(await desk.run(['exec', '-'], JSON.stringify(run('true')))).toMatchObject({ code: 0 });
  expect(await desk.leftovers()).toHaveLength(1);
  expect(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone')).toMatch(/^gone|\) Z /);
  alive.child.kill('SIGINT');
  expect(await alive.ended).toMatchObject({ code: 130 });
  expect(await desk.leftovers()).toEqual([]);
});

test('the working folder is kept where it is asked for', async () => {
  const desk = await createDesk();
  const { stdout, stderr } = await desk.run(['exec', '-', '--keep', '--json'], JSON.stringify(run('touch', 'made')));
  const { keptFolder } = JSON.parse(stdout) as { keptFolder: string };
  await access(join(keptFolder, 'made'));
  expect(stderr).toContain(`kept: ${keptFolder}\n`);
});

test('a folder in which an agent works is left alone', async () => {
  const desk = await createDesk();
  const stateDir = join(desk.folder, 'state');
  const first = desk.start(
    ['exec', '-', '--state-dir', stateDir],
    JSON.stringify(run('sh', '-c', 'echo up; sleep 300')),
  );
  await first.says('| up');
  const second = await desk.run(['exec', '-', '--state-dir', stateDir], JSON.stringify(run('true')));
  expect(second).toMatchObject({ code: 74, stdout: '', stderr: expect.stringContaining('stateDir') });
  first.child.kill('SIGINT');
  expect((await first.ended).code).toBe(130);
});

test.runIf(process.getuid?.() === 0)('a mount that a job leaves is told, and not what the job came to', async () => {
  const desk = await createDesk();
  const script = 'mkdir mounted && mount -t tmpfs none mounted && pwd';
  const { code, stdout, stderr } = await desk.run(['exec', '-'], JSON.stringify(run('sh', '-c', script)));
  const [, folder] = /\| (\/.*)/.exec(stderr) ?? [];
  if (folder === undefined) {
    process.stderr.write(`mounts are not checked here: ${stderr}`);
    return;
  }
  execFileSync('umount', [join(folder, 'mounted')]);
  await rm(join(folder, '../..'), { recursive: true });
  expect(stderr).toContain(`${join(folder, 'mounted')} is a mount`);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('SUCCEEDED') });
});

test('what a handler prints cannot drive the terminal', async () => {
  const desk = await createDesk();
  const { stderr } = await desk.run(['exec', '-'], JSON.stringify(run('printf', '\\033[31mred\\007')));
  expect(stderr).toContain('| \\u001b[31mred\\u0007\n');
});

test('a job ends as it would when nobody reads what is said of it', async () => {
  const desk = await createDesk();
  const trace = join(desk.folder, 'trace');
  const script = `for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done; echo whole > ${trace}`;
  const running = desk.start(['exec', '-'], JSON.stringify(run('sh', '-c', script)));
  running.child.stderr?.destroy();
  running.child.stdout?.destroy();
  expect((await running.ended).code).toBe(0);
  expect(await readFile(trace, 'utf8')).toBe('whole\n');
  expect(await desk.leftovers()).toEqual([]);
});

test('a step whose condition does not hold is passed by, and told', async () => {
  const desk = await createDesk();
  const document = {
    steps: [
      { ...run('echo', 'never'), name: 'first', runIf: { fileExists: join(desk.folder, 'absent') } },
      { ...run('echo', 'always'), name: 'second' },
    ],
  };
  const { code, stdout, stderr } = await desk.run(['exec', '-'], JSON.stringify(document));
  expect(stderr).toContain('step 1 of 2: first, is it to run here?\n  no: it is passed by\nstep 2 of 2: second\n');
  expect(stderr).not.toContain('never');
  expect(stdout).toMatch(/^SUCCEEDED\n/);
  expect(code).toBe(0);
});

test('a URL that only AWS IoT can sign is told as that', async () => {
  const desk = await createDesk();
  const url = `\${aws:iot:s3-presigned-url-v2:https://s3.us-east-1.amazonaws.com/my-bucket/a.bin}`;
  const document = { operation: 'download-file', parameters: { url, path: 'a.bin' } };
  const { code, stderr } = await desk.run(['exec', '-', '--quiet'], JSON.stringify(document));
  expect(stderr).toMatch(/^warning: 1 URL is for AWS IoT to sign .+ put a URL in its place/m);
  expect(code).toBe(3);
});
