import { describe, expect, test } from 'vitest';
import { runCommandHandler } from '../../handlers/run-command/handler.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const { facts } = createRecordingContext({ workDir: '/' }).context;

test('the argument list is passed on as it is', () => {
  const argv = runCommandHandler.command({ command: ['ls', '-l', ';', ''] }, facts);
  expect(argv).toEqual(['ls', '-l', ';', '']);
});

test.each(['ls', '/bin/ls', 'ls ', '$(id)'])('the program %j may be tried', (program) => {
  expect(runCommandHandler.check?.({ command: [program] }, facts)).toBeUndefined();
});

test.each(['', '  ', './ls', 'bin/ls', '../bin/ls'])('the program %j is refused', (program) => {
  expect(runCommandHandler.check?.({ command: [program] }, facts)?.pointer).toBe('/command/0');
});

describe('the dry run', () => {
  const { context } = createRecordingContext({ workDir: '/' });
  test.each([
    [
      ['sh', '-c', 'secret'],
      { actions: [expect.stringMatching(/^run (\/usr)?\/bin\/sh with 2 arguments$/)], problems: [] },
    ],
    [['/bin/sh'], { actions: ['run /bin/sh with 0 arguments'], problems: [] }],
    // Whether it is there is found by who asks, as of every command.
    [['no-such-program', 'x'], { actions: ['run no-such-program with 1 argument'], problems: [] }],
    [['/etc'], { actions: ['run /etc with 0 arguments'], problems: [] }],
  ])('of %j', async (command, plan) => {
    expect(await runCommandHandler.plan?.({ command }, context)).toEqual(plan);
  });
});

describe('with allowedCommands', () => {
  const allowedCommands = ['/usr/bin/systemctl restart *', '/usr/sbin/nginx -t', '/opt/modem-tool', 'sync'];
  const check = (...command: string[]) => runCommandHandler.check?.({ command }, { ...facts, allowedCommands });

  test.each([
    [['/usr/bin/systemctl', 'restart', 'app']],
    [['/usr/bin/systemctl', 'restart']],
    [['/usr/sbin/nginx', '-t']],
    [['/opt/modem-tool']],
    [['/opt/modem-tool', '--reset', 'a b', '*']],
    [['sync']],
  ])('%j is allowed', (command) => {
    expect(check(...command)).toBeUndefined();
  });

  test.each([
    [['/usr/bin/systemctl', 'stop', 'app']],
    [['/usr/bin/systemctl']],
    [['/usr/bin/systemctl', 'restart app']],
    [['/usr/bin/systemctl restart', 'app']],
    [['systemctl', 'restart', 'app']],
    [['/bin/systemctl', 'restart', 'app']],
    [['/usr/bin/../bin/systemctl', 'restart', 'app']],
    [['/usr/bin//systemctl', 'restart', 'app']],
    [['/usr/sbin/nginx']],
    [['/usr/sbin/nginx', '-t', '-c', '/tmp/x']],
    [['/usr/sbin/nginx', '-T']],
    [['/opt/modem-tool2']],
    [['/opt/modem']],
    [['/bin/sync']],
    [['sh', '-c', 'sync']],
    [['*']],
  ])('%j is refused', (command) => {
    expect(check(...command)?.pointer).toBe('/command');
  });

  test('it is told what is allowed, and not what was asked for', () => {
    expect(check('curl', '--user', 'a:secret')).toEqual({
      pointer: '/command',
      reason:
        'is none of allowedCommands: "/usr/bin/systemctl restart *", "/usr/sbin/nginx -t", "/opt/modem-tool", "sync"',
    });
  });

  test('a long list is told in part', () => {
    const long = Array.from({ length: 100 }, (_, index) => `/usr/bin/program-${index}`);
    const problem = runCommandHandler.check?.({ command: ['ls'] }, { ...facts, allowedCommands: long });
    expect(problem?.reason.length).toBeLessThan(800);
    expect(problem?.reason).toMatch(/^is none of allowedCommands: "\/usr\/bin\/program-0", .*…$/);
  });
});
