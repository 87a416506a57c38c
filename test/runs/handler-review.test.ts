import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../agent/core/json.ts';
import { planOf } from '../fixtures/parsed-document.ts';
import { createStepRunnerSetup, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

const isRoot = process.getuid?.() === 0;
const CLEANS_UP = { exclusive: false, verifies: false, cleansUp: true };
let setup: StepRunnerSetup;

beforeEach(async () => {
  setup = await createStepRunnerSetup({ runAsUsers: ['daemon', 'no-such-user'] });
});
afterEach(() => setup.remove());

describe('parameters', () => {
  const download = (parameters: JsonValue) => ({ operation: 'download-file', parameters });
  const url = 'https://a.example/f';
  const command = (...argv: JsonValue[]) => ({ operation: 'run-command', parameters: { command: argv } });
  const write = (parameters: JsonValue) => ({ operation: 'write-file', parameters });
  const rows: [string, JsonValue, string, string][] = [
    ['a missing member', download({ url }), '/parameters/path', 'is required, and missing'],
    ['a misspelt member', download({ url, path: '/x', sha265: '' }), '/parameters/sha265', 'did you mean sha256?'],
    [
      'a misspelt member that is required',
      write({ path: '/x', contents: 'a' }),
      '/parameters/contents',
      'did you mean content?',
    ],
    ['an unlike member', download({ url, path: '/x', colour: 1 }), '/parameters/colour', 'known here: url, path'],
    ['a wrong type', download({ url: 5, path: '/x' }), '/parameters/url', 'got the number 5'],
    ['a wrong scheme', download({ url: 'ftp://a', path: '/x' }), '/parameters/url', 'expected a URL that begins with'],
    [
      'http for a host not listed',
      download({ url: 'http://a.example/', path: '/x' }),
      '/parameters/url',
      'insecureDownloadHosts',
    ],
    ['a short hash', download({ url, path: '/x', sha256: 'abc' }), '/parameters/sha256', '64 hexadecimal digits'],
    ['a folder as path', download({ url, path: '/x/' }), '/parameters/path', 'not ending in /'],
    ['an empty path', download({ url, path: '' }), '/parameters/path', 'got the string ""'],
    [
      'a null byte in a path',
      download({ url, path: '/x\0y' }),
      '/parameters/path',
      'without .. and control characters',
    ],
    ['a path too long', download({ url, path: `/${'x'.repeat(5000)}` }), '/parameters/path', 'at most 4095'],
    ['a setuid mode', download({ url, path: '/x', mode: '4755' }), '/parameters/mode', 'permissions in octal'],
    ['a negative size', download({ url, path: '/x', maxBytes: -1 }), '/parameters/maxBytes', 'at least 0'],
    ['an empty command', command(), '/parameters/command', 'at least 1'],
    ['an empty program', command(''), '/parameters/command/0', 'expected a program'],
    ['a number as argument', command('ls', 5), '/parameters/command/1', 'expected a string'],
    ['a null byte in an argument', command('ls', 'a\0b'), '/parameters/command/1', 'a string of length 3'],
    ['a relative program', command('./x'), '/parameters/command/0', 'got a relative path'],
    ['no base64', write({ path: '/x', content: '?', encoding: 'base64' }), '/parameters/content', 'expected base64'],
    [
      'an unknown encoding',
      write({ path: '/x', content: '', encoding: 'hex' }),
      '/parameters/encoding',
      'one of "utf8", "base64"',
    ],
    ['a member where none is', { operation: 'system-info', parameters: { a: 1 } }, '/parameters/a', 'is not known'],
  ];
  test.each(rows)('%s is rejected where it stands', async (_, document, pointer, reason) => {
    const review = await reviewOf(document);
    expect(review).toMatchObject({ verdict: 'reject', reasonCode: 'PARAMETERS_INVALID', rejection: { pointer } });
    expect(review).toHaveProperty('rejection.reason', expect.stringContaining(reason));
  });

  test('a step says which it is', async () => {
    const good = { operation: 'system-info' };
    const review = await reviewOf({ steps: [good, { operation: 'write-file', parameters: {} }] });
    expect(review).toHaveProperty('rejection.pointer', '/steps/1/parameters/path');
  });

  test('secrets are not repeated', async () => {
    const secret = 'SECRET';
    const documents = [
      download({ url: `ftp://a.example/f?X-Amz-Signature=${secret}`, path: '/x' }),
      command('login', `${secret}\0`),
      write({ path: '/x', content: [secret] }),
      write({ path: '/x', content: secret.repeat(10_000) }),
    ];
    for (const document of documents) expect(JSON.stringify(await reviewOf(document))).not.toContain(secret);
  });
});

describe('operations', () => {
  test('an unknown one names the nearest', async () => {
    expect(await reviewOf({ operation: 'downlod-file' })).toEqual({
      verdict: 'unknown-operation',
      rejection: {
        pointer: '/operation',
        reason: expect.stringMatching(/^no handler does downlod-file, .*; did you mean download-file\?$/),
      },
    });
  });

  test.each([
    ['a program', { operation: 'exit-4' }, 'exit-3'],
    ['a module', { operation: 'tune-modm' }, 'tune-modem'],
    ['the file of a template', { operation: 'exit-4', args: [], path: 'default' }, 'exit-3'],
  ])('an unknown one names the nearest of handlersDir: %s', async (_, document, nearest) => {
    await setup.install('exit-3');
    await writeFile(join(setup.handlersDir, 'tune-modem.mjs'), 'export default {};');
    const reason = expect.stringMatching(new RegExp(`${setup.handlersDir} has no file.*; did you mean ${nearest}\\?$`));
    expect(await reviewOf(document)).toMatchObject({ verdict: 'unknown-operation', rejection: { reason } });
  });

  test('an executable in handlersDir does its name', async () => {
    await setup.install('exit-3');
    const steps = [
      {
        operation: 'exit-3',
        onInterrupted: 'fail',
        timeoutMs: null,
        exclusive: false,
        verifies: true,
        cleansUp: false,
      },
    ];
    expect(await reviewOf({ operation: 'exit-3' })).toEqual({ verdict: 'run', steps });
  });

  test('a built-in handler goes before a file of its name', async () => {
    await install('system-info', 0o755);
    expect(await reviewOf({ operation: 'system-info', parameters: { a: 1 } })).toMatchObject({ verdict: 'reject' });
  });

  test('the time limit of the document goes before the handler’s', async () => {
    const parameters = { path: '/x', content: '' };
    const own = await reviewOf({ operation: 'write-file', parameters });
    expect(own).toHaveProperty('steps.0', {
      operation: 'write-file',
      onInterrupted: 'resume',
      timeoutMs: 300_000,
      ...CLEANS_UP,
    });
    const given = await reviewOf({ operation: 'write-file', parameters, timeoutSeconds: 5 });
    expect(given).toHaveProperty('steps.0.timeoutMs', 5000);
  });
});

describe('allowedCommands', () => {
  const runCommand = (command: string) => ({
    version: '1.0',
    steps: [{ action: { name: 'a', type: 'runCommand', input: { command } } }],
  });

  test.each([
    ['native', { operation: 'run-command', parameters: { command: ['/bin/sh', '-c', 'id'] } }, '/parameters/command'],
    ['of a managed template', runCommand('/bin/sh,-c,id'), '/steps/0/action/input/command'],
  ])('a command that is none of them is rejected before anything runs: %s', async (_, document, pointer) => {
    const limited = await createStepRunnerSetup({ facts: { allowedCommands: ['/bin/true', '/bin/echo *'] } });
    const review = (doc: JsonValue) => limited.stepRunner.review(planOf(doc));
    expect(await review(document)).toEqual({
      verdict: 'reject',
      reasonCode: 'PARAMETERS_INVALID',
      rejection: { pointer, reason: 'is none of allowedCommands: "/bin/true", "/bin/echo *"' },
    });
    expect(await review(runCommand('/bin/echo,a'))).toMatchObject({ verdict: 'run' });
    await limited.remove();
  });
});

describe('executables', () => {
  test.each([
    [0o644, 'chmod 755'],
    [0o775, 'chmod go-w'],
    [0o757, 'chmod go-w'],
  ])('mode %o is rejected with what to do', async (mode, hint) => {
    await install('script', mode);
    expect(await reviewOf({ operation: 'script' })).toMatchObject({
      verdict: 'reject',
      reasonCode: 'HANDLER_NOT_EXECUTABLE',
      rejection: {
        pointer: '/operation',
        reason: expect.stringContaining(`${hint} ${join(setup.handlersDir, 'script')}`),
      },
    });
  });

  test('a folder that others may write is rejected', async () => {
    await install('script', 0o755);
    await chmod(setup.handlersDir, 0o777);
    const reason = expect.stringContaining(`chmod go-w ${setup.handlersDir}`);
    expect(await reviewOf({ operation: 'script' })).toMatchObject({ verdict: 'reject', rejection: { reason } });
  });

  test('a folder is no executable', async () => {
    await mkdir(join(setup.handlersDir, 'script'));
    expect(await reviewOf({ operation: 'script' })).toMatchObject({ reasonCode: 'HANDLER_NOT_EXECUTABLE' });
  });

  test('a link out of the folder is rejected', async () => {
    await symlink('/bin/true', join(setup.handlersDir, 'script'));
    expect(await reviewOf({ operation: 'script' })).toMatchObject({ reasonCode: 'HANDLER_OUTSIDE_FOLDER' });
  });

  test('a link to nothing is rejected', async () => {
    await symlink('nothing', join(setup.handlersDir, 'script'));
    expect(await reviewOf({ operation: 'script' })).toMatchObject({ reasonCode: 'HANDLER_NOT_EXECUTABLE' });
  });

  test('a link inside the folder is followed', async () => {
    await install('real', 0o755);
    await symlink('real', join(setup.handlersDir, 'script'));
    expect(await reviewOf({ operation: 'script' })).toMatchObject({ verdict: 'run' });
  });

  test.runIf(isRoot)('a file of another user is rejected', async () => {
    await install('script', 0o755);
    await chown(join(setup.handlersDir, 'script'), 65_534, 65_534);
    const reason = expect.stringContaining('chown root');
    expect(await reviewOf({ operation: 'script' })).toMatchObject({ verdict: 'reject', rejection: { reason } });
  });
});

describe('folders', () => {
  test.each(['/usr/bin', '../handlers', '/', '/usr/../bin'])('%j is rejected where it stands', async (path) => {
    expect(await reviewOf(template({ handler: 'ls', path }))).toMatchObject({
      verdict: 'reject',
      reasonCode: 'HANDLER_FOLDER_NOT_ALLOWED',
      rejection: { pointer: '/steps/0/action/input/path' },
    });
  });

  test('a configured folder may be named in any spelling', async () => {
    await setup.remove();
    setup = await createStepRunnerSetup({ handlerPaths: ['/usr/share/../bin'] });
    expect(await reviewOf({ operation: 'true', args: [], path: '/usr/bin/' })).toMatchObject({ verdict: 'run' });
  });
});

describe('managed templates', () => {
  const args = ['https://a.example/f', '/opt/f'];

  test('a built-in handler stands in for its script', async () => {
    const review = await reviewOf(template({ handler: 'download-file.sh', args }));
    expect(review).toEqual({
      verdict: 'run',
      steps: [{ operation: 'download-file.sh', onInterrupted: 'resume', timeoutMs: null, ...CLEANS_UP }],
    });
  });

  test('a script of that name goes first', async () => {
    await install('download-file.sh', 0o755);
    const review = await reviewOf(template({ handler: 'download-file.sh', args: ['anything'] }));
    expect(review).toHaveProperty('steps.0.onInterrupted', 'fail');
  });

  test.each([
    [['https://a.example/f'], 'expected two arguments, a URL and a file path, got 1'],
    [['ftp://a.example/f', '/opt/f'], 'url expected a URL that begins with https://'],
  ])('arguments %j are rejected', async (wrong, reason) => {
    expect(await reviewOf(template({ handler: 'download-file.sh', args: wrong }))).toMatchObject({
      reasonCode: 'PARAMETERS_INVALID',
      rejection: { pointer: '/steps/0/action/input/args', reason: expect.stringContaining(reason) },
    });
  });

  test('AWS-Reboot is ours where there is no such script', async () => {
    const review = await reviewOf(template({ handler: 'reboot.sh' }));
    expect(review).toMatchObject({ verdict: 'run', steps: [{ operation: 'reboot.sh', exclusive: true }] });
    expect(await reviewOf(template({ handler: 'reboot.sh', args: ['now'] }))).toMatchObject({
      reasonCode: 'PARAMETERS_INVALID',
      rejection: { reason: expect.stringContaining('expected no arguments, got 1') },
    });
  });

  test('a script nobody has is an unknown operation', async () => {
    expect(await reviewOf(template({ handler: 'change-wallpaper.sh' }))).toMatchObject({
      verdict: 'unknown-operation',
      rejection: { pointer: '/steps/0/action/input/handler' },
    });
  });

  test('a wrong command points into the template', async () => {
    const action = { name: 'Run', type: 'runCommand', input: { command: './x' } };
    const review = await reviewOf({ version: '1.0', steps: [{ action }] });
    expect(review).toHaveProperty('rejection.pointer', '/steps/0/action/input/command/0');
  });
});

describe('users', () => {
  const runAs = (user: string, operation = 'write-file') => ({
    operation,
    runAs: user,
    parameters: operation === 'write-file' ? { path: 'x', content: '' } : {},
  });

  test.each([
    ['bin', 'USER_NOT_ALLOWED'],
    ['no-such-user', 'USER_UNKNOWN'],
  ])('%s is %s', async (user, reasonCode) => {
    const rejection = { pointer: '/runAs' };
    expect(await reviewOf(runAs(user))).toMatchObject({ verdict: 'reject', reasonCode, rejection });
  });

  test('a configured user is allowed', async () => {
    expect(await reviewOf(runAs('daemon'))).toMatchObject({ verdict: 'run' });
  });

  test.runIf(isRoot)('the agent’s own user needs no configuration', async () => {
    expect(await reviewOf(runAs('root', 'system-info'))).toMatchObject({ verdict: 'run' });
  });

  test('an inline handler runs as nobody else', async () => {
    expect(await reviewOf(runAs('daemon', 'system-info'))).toMatchObject({ reasonCode: 'USER_NOT_ALLOWED' });
  });

  test('a user who cannot reach its folders is rejected', async () => {
    await chmod(setup.stateDir, 0o700);
    expect(await reviewOf(runAs('daemon'))).toMatchObject({
      reasonCode: 'USER_CANNOT_ENTER',
      rejection: { reason: expect.stringContaining(`chmod 711 ${setup.stateDir}`) },
    });
  });

  test('the user a script is told must be allowed too', async () => {
    await setup.install('print-arguments');
    expect(await reviewOf(template({ handler: 'print-arguments', runAsUser: 'bin' }))).toMatchObject({
      reasonCode: 'USER_NOT_ALLOWED',
      rejection: { pointer: '/steps/0/action/runAsUser' },
    });
  });
});

function reviewOf(document: JsonValue) {
  return setup.stepRunner.review(planOf(document));
}

function template({
  runAsUser = '',
  ...input
}: {
  handler: string;
  args?: string[];
  path?: string;
  runAsUser?: string;
}) {
  return { version: '1.0', steps: [{ action: { name: 'Step', type: 'runHandler', input, runAsUser } }] };
}

async function install(name: string, mode: number): Promise<void> {
  const path = join(setup.handlersDir, name);
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, mode);
}
