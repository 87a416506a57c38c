import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../agent/core/json.ts';
import {
  type CommandHandler,
  type InlineHandler,
  type JobHandler,
  reboot,
  retryLater,
  succeeded,
  Type,
} from '../../agent/handler-api.ts';
import { runCommandHandler } from '../../handlers/run-command/handler.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';
import { createStepRunnerSetup, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

const parameters = Type.Object({ code: Type.Optional(Type.Integer()) }, { additionalProperties: false });

let bundleFolder: string;
let hostArgv: readonly string[];
let setup: StepRunnerSetup;

beforeAll(async () => {
  bundleFolder = await mkdtemp(join(tmpdir(), 'handler-host-'));
  await chmod(bundleFolder, 0o755);
  hostArgv = await bundleHandlerHost(bundleFolder);
});
afterAll(() => rm(bundleFolder, { recursive: true, force: true }));
afterEach(() => setup.remove());

describe('exit codes', () => {
  const native = (code: number) => ({ operation: 'exit-as-told', parameters: { code } });
  const deviceClient = (code: number) => ({ operation: 'exit-as-told', args: [String(code)] });
  const managed = (code: number) => {
    const input = { handler: 'exit-as-told', args: [String(code)], path: '' };
    return { version: '1.0', steps: [{ action: { name: 'Step', type: 'runHandler', input, runAsUser: '' } }] };
  };
  const declared = (code: number) => ({ operation: 'declared', parameters: { code } });
  const undeclared = (code: number) => ({
    operation: 'run-command',
    parameters: { command: ['sh', '-c', `exit ${code}`] },
  });
  const later = { status: 'later', afterMs: null };
  const failure = (code: number) => ({ status: 'failed', message: expect.stringContaining(`exit code ${code}`) });

  test.each<[string, JsonValue, object]>([
    ['native 0', native(0), { status: 'succeeded' }],
    ['native 75', native(75), { ...later, message: 'exit-as-told ended with exit code 75: the lock is held' }],
    ['native 194', native(194), { status: 'reboot' }],
    ['native 74', native(74), failure(74)],
    ['Device Client 75', deviceClient(75), later],
    ['Device Client 194', deviceClient(194), { status: 'reboot' }],
    ['managed template 75', managed(75), later],
    ['managed template 194', managed(194), { status: 'reboot' }],
    ['managed template 255', managed(255), failure(255)],
    ['a command that declared 3', declared(3), later],
    ['a command that declared 4', declared(4), { status: 'reboot' }],
    ['a command that did not declare 75', declared(75), failure(75)],
    ['run-command 75', undeclared(75), failure(75)],
    ['run-command 194', undeclared(194), failure(194)],
  ])('%s means what it should', async (_, document, result) => {
    setup = await createStepRunnerSetup({ handlers: [runCommand, declaring] });
    await setup.install('exit-as-told');
    expect(await setup.run(document)).toMatchObject(result);
  });

  test('allowed stderr does not matter to who asks for later', async () => {
    setup = await createStepRunnerSetup();
    await setup.install('exit-as-told');
    const document = { operation: 'exit-as-told', args: ['75'], allowStdErr: 0 };
    expect(await setup.run(document)).toMatchObject(later);
  });

  test('a signal stays a failure', async () => {
    setup = await createStepRunnerSetup();
    await setup.install('kill-itself');
    expect(await setup.run({ operation: 'kill-itself' })).toMatchObject({ reasonCode: 'HANDLER_SIGNALED' });
  });
});

describe('results of functions', () => {
  test('a module asks for later and says when', async () => {
    setup = await createStepRunnerSetup({ hostArgv });
    expect(await setup.run({ operation: 'ask-for-later' })).toMatchObject({
      status: 'later',
      afterMs: 90_000,
      message: 'the lock is held',
      details: { lock: 'apt' },
    });
  });

  test('a module asks for a restart, then verifies', async () => {
    setup = await createStepRunnerSetup({ hostArgv });
    const document = { operation: 'ask-for-restart' };
    expect(await setup.run(document)).toMatchObject({ status: 'reboot', details: { slot: 'b' } });
    const verified = await setup.run(document, { attempt: 2, purpose: 'verify' });
    expect(verified).toMatchObject({ status: 'succeeded', details: { verified: 'slot b' } });
  });

  test('an inline handler asks for later and for a restart', async () => {
    const inline = inlineHandler({ run: async () => retryLater('not yet'), verify: async () => reboot() });
    setup = await createStepRunnerSetup({ handlers: [inline] });
    const document = { operation: 'inline-handler' };
    expect(await setup.run(document)).toMatchObject({ status: 'later', afterMs: null, message: 'not yet' });
    expect(await setup.run(document, { purpose: 'verify' })).toMatchObject({ status: 'reboot' });
  });

  test('the operations reboot and shutdown ask for what they say', async () => {
    setup = await createStepRunnerSetup();
    expect(await setup.run({ operation: 'reboot' })).toMatchObject({ status: 'reboot', how: 'restart', details: {} });
    expect(await setup.run({ operation: 'shutdown' })).toMatchObject({ status: 'reboot', how: 'power-off' });
  });
});

describe('purposes', () => {
  test('an executable is called again, and told why', async () => {
    setup = await createStepRunnerSetup();
    await setup.install('tell-purpose');
    const document = { operation: 'tell-purpose' };
    expect(await setup.run(document)).toMatchObject({ status: 'reboot', details: { purpose: 'work' } });
    const verified = await setup.run(document, { attempt: 2, purpose: 'verify' });
    expect(verified).toMatchObject({ status: 'succeeded', details: { purpose: 'verify', kept: '"slot b"' } });
  });

  test('a script is called again, with the same arguments', async () => {
    setup = await createStepRunnerSetup();
    await setup.install('exit-as-told');
    const document = { operation: 'exit-as-told', args: ['7'] };
    expect(await setup.run(document, { purpose: 'verify' })).toMatchObject({
      message: 'exit-as-told ended with exit code 7',
    });
  });

  test.each([
    ['work', 'failed', 'doing 5'],
    ['verify', 'succeeded', 'checking 5'],
    ['clean-up', 'succeeded', 'cleaning 5'],
  ] as const)('a command has its own line for %s', async (purpose, status, stdoutTail) => {
    setup = await createStepRunnerSetup({ handlers: [declaring] });
    const document = { operation: 'declared', parameters: { code: 5 } };
    expect(await setup.run(document, { purpose })).toMatchObject({ status, stdoutTail: `${stdoutTail}\n` });
  });

  test('the exit codes of the program are not those of its check', async () => {
    const handler: CommandHandler<typeof parameters> = { ...declaring, verify: () => ['sh', '-c', 'exit 3'] };
    setup = await createStepRunnerSetup({ handlers: [handler as JobHandler] });
    expect(await setup.run({ operation: 'declared' }, { purpose: 'verify' })).toMatchObject({ status: 'failed' });
  });

  test('the environment of a command says the purpose', async () => {
    const verify = () => ['sh', '-c', 'echo $JOB_PURPOSE $JOB_ATTEMPT'] as const;
    const handler: CommandHandler<typeof parameters> = { ...declaring, verify };
    setup = await createStepRunnerSetup({ handlers: [handler as JobHandler] });
    const { stdoutTail } = await setup.run({ operation: 'declared' }, { purpose: 'verify', attempt: 2 });
    expect(stdoutTail).toBe('verify 2\n');
  });

  test.each([
    ['run-command', 'verify'],
    ['run-command', 'clean-up'],
    ['exit-as-told', 'clean-up'],
    ['inline-handler', 'verify'],
  ] as const)('%s has nothing to %s, which succeeds', async (operation, purpose) => {
    const inline = inlineHandler({ run: async () => succeeded({ ran: 'yes' }) });
    setup = await createStepRunnerSetup({ handlers: [runCommand, inline] });
    await setup.install('exit-as-told');
    const argv = { command: ['sh', '-c', 'echo ran'] };
    const document = operation === 'run-command' ? { operation, parameters: argv } : { operation };
    const nothing = { status: 'succeeded', details: {}, stdoutTail: '', stderrTail: '' };
    expect(await setup.run(document, { purpose })).toEqual(nothing);
  });

  test('the work of a later attempt begins without a checkpoint', async () => {
    setup = await createStepRunnerSetup();
    await setup.install('tell-purpose');
    await setup.run({ operation: 'tell-purpose' });
    await setup.install('exit-3');
    await setup.run({ operation: 'exit-3' }, { attempt: 2 });
    const { details } = await setup.run({ operation: 'tell-purpose' }, { attempt: 3, purpose: 'verify' });
    expect(details).toEqual({ purpose: 'verify', kept: '' });
  });
});

const runCommand = runCommandHandler as JobHandler;

const declaring = {
  operation: 'declared',
  kind: 'command',
  summary: 'x',
  parameters,
  command: ({ code = 0 }) => ['sh', '-c', `echo doing ${code}; exit ${code}`],
  verify: ({ code = 0 }) => ['echo', 'checking', String(code)],
  cleanup: ({ code = 0 }) => ['echo', 'cleaning', String(code)],
  retryExitCode: 3,
  rebootExitCode: 4,
} satisfies CommandHandler<typeof parameters> as CommandHandler<typeof parameters> & JobHandler;

function inlineHandler(functions: Pick<InlineHandler, 'run' | 'verify' | 'cleanup'>): JobHandler {
  const none = Type.Object({}, { additionalProperties: false });
  return { operation: 'inline-handler', kind: 'inline', summary: 'x', parameters: none, ...functions };
}
