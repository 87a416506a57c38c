import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { planOf } from '../fixtures/parsed-document.ts';
import { createStepRunnerSetup, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

let setup: StepRunnerSetup;

beforeEach(async () => {
  setup = await createStepRunnerSetup({ handlers: builtInHandlers });
});
afterEach(() => setup.remove());

test('what is built in is listed first, as it is declared', async () => {
  const entries = await list();
  expect(entries.map(({ operation }) => operation)).toEqual(builtInHandlers.map(({ operation }) => operation).sort());
  expect(entries.find(({ operation }) => operation === 'reboot')).toMatchObject({
    source: 'built-in',
    kind: 'inline',
    path: null,
    onInterrupted: 'rerun',
    problems: [],
  });
});

test('an executable is listed with its manifest', async () => {
  await setup.install('print-stdin', 'exit-3');
  const parameters = { type: 'object', additionalProperties: false };
  const manifest = { summary: 'Prints.', needs: 'cat', parameters, exclusive: true, timeoutSeconds: 3 };
  await put('print-stdin.handler.json', JSON.stringify(manifest));
  expect(await files()).toEqual([
    {
      operation: 'exit-3',
      source: 'file',
      kind: 'executable',
      path: join(setup.handlersDir, 'exit-3'),
      manifestPath: null,
      summary: null,
      needs: null,
      parameters: null,
      onInterrupted: 'fail',
      exclusive: false,
      timeoutSeconds: null,
      problems: [],
    },
    {
      operation: 'print-stdin',
      source: 'file',
      kind: 'executable',
      path: join(setup.handlersDir, 'print-stdin'),
      manifestPath: join(setup.handlersDir, 'print-stdin.handler.json'),
      ...manifest,
      onInterrupted: 'fail',
      problems: [],
    },
  ]);
});

test('what is wrong with a file is told as its job would be told', async () => {
  await setup.install('exit-3', 'print-stdin');
  await chmod(join(setup.handlersDir, 'exit-3'), 0o777);
  await put('print-stdin.handler.json', '{');
  await put('not-a-program', 'text');
  await put('forgotten.handler.json', '{}');
  await symlink('nothing', join(setup.handlersDir, 'led-astray'));
  const told = (await files()).map(({ operation, problems }) => [operation, ...problems]);
  const reason = (text: string) => expect.stringContaining(text);
  expect(told).toEqual([
    ['exit-3', { reasonCode: 'HANDLER_NOT_EXECUTABLE', reason: reason('chmod go-w') }],
    ['forgotten', { reasonCode: 'UNKNOWN_OPERATION', reason: reason('is not there') }],
    ['led-astray', { reasonCode: 'HANDLER_NOT_EXECUTABLE', reason: reason('ENOENT') }],
    ['not-a-program', { reasonCode: 'HANDLER_NOT_EXECUTABLE', reason: reason('chmod 755') }],
    ['print-stdin', { reasonCode: 'HANDLER_MANIFEST_INVALID', reason: reason('line 1, column 2') }],
  ]);
});

test('what lies about in the folder is no handler', async () => {
  await put('README.md', 'text');
  await put('.hidden', '#!/bin/sh\n', 0o755);
  expect(await files()).toEqual([]);
});

test('a folder that is not there holds nothing', async () => {
  await setup.remove();
  expect(await files()).toEqual([]);
});

test('a file of a built-in name is not used, which is told once', async () => {
  await put('system-info', '#!/bin/sh\nexit 9\n', 0o755);
  expect(await files()).toMatchObject([{ operation: 'system-info', problems: [{ reasonCode: 'HANDLER_NAME_CLASH' }] }]);
  for (const _ of [1, 2]) await setup.stepRunner.review(planOf({ operation: 'system-info' }));
  expect(await setup.run({ operation: 'system-info' })).toMatchObject({ status: 'succeeded' });
  expect(setup.logLines.filter(({ level }) => level === 40)).toMatchObject([
    { operation: 'system-info', path: join(setup.handlersDir, 'system-info') },
  ]);
});

test('in handlerPaths programs are handlers, and modules are told that they are not', async () => {
  const folder = join(setup.folder, 'more');
  await mkdir(folder, { mode: 0o755 });
  await writeFile(join(folder, 'tune.mjs'), 'export default {};');
  await writeFile(join(folder, 'reboot'), '#!/bin/sh\n', { mode: 0o755 }); // a template can name it all the same
  const more = await createStepRunnerSetup({ handlers: builtInHandlers, handlerPaths: [folder] });
  const listed = (await more.finder.list()).filter((entry) => entry.folder !== undefined);
  expect(listed).toMatchObject([
    { operation: 'reboot', folder, kind: 'executable', path: join(folder, 'reboot'), problems: [] },
    { operation: 'tune', folder, kind: null, path: join(folder, 'tune.mjs') },
  ]);
  expect(listed[1]?.problems).toEqual([
    {
      reasonCode: 'UNKNOWN_OPERATION',
      reason: `${join(folder, 'tune.mjs')} is a module, which is looked for in handlersDir only: move it to ${more.handlersDir}`,
    },
  ]);
  const document = { operation: 'tune', args: [], path: folder };
  expect(await more.stepRunner.review(planOf(document))).toMatchObject({ verdict: 'unknown-operation' });
  await more.remove();
});

function put(name: string, text: string, mode = 0o644): Promise<void> {
  return writeFile(join(setup.handlersDir, name), text, { mode });
}

async function files() {
  return (await list()).filter(({ source }) => source === 'file');
}

function list() {
  return setup.finder.list();
}
