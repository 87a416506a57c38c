/** The folders above an executable: whoever can swap one of them can put another file in its place. */
import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../agent/core/json.ts';
import { planOf } from '../fixtures/parsed-document.ts';
import { createStepRunnerSetup, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

const isRoot = process.getuid?.() === 0;
const JOB = { operation: 'script' };
let setup: StepRunnerSetup;

beforeEach(async () => {
  setup = await createStepRunnerSetup();
  await installScript(setup.handlersDir);
});
afterEach(() => setup.remove());

describe('a folder above handlersDir', () => {
  test.each([0o777, 0o757, 0o703])('that everyone may write in is refused: %o', async (mode) => {
    await chmod(setup.folder, mode);
    expect(await reviewOf(JOB)).toMatchObject({
      verdict: 'reject',
      reasonCode: 'HANDLER_NOT_EXECUTABLE',
      rejection: {
        pointer: '/operation',
        reason: `everyone may write in ${setup.folder} (mode 0${mode.toString(8)}): the handler could be replaced; chmod go-w ${setup.folder}`,
      },
    });
  });

  test('that was opened after the review keeps it from running', async () => {
    expect(await reviewOf(JOB)).toMatchObject({ verdict: 'run' });
    await chmod(setup.folder, 0o777);
    expect(await setup.run(JOB)).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NOT_EXECUTABLE' });
  });

  test('that is sticky is let be, as /tmp is', async () => {
    await chmod(setup.folder, 0o1777);
    expect(await reviewOf(JOB)).toMatchObject({ verdict: 'run' });
  });

  test.runIf(isRoot).each([0o755, 0o1755])('of another user is refused: %o', async (mode) => {
    await chmod(setup.folder, mode);
    await chown(setup.folder, 1234, 0);
    const reason = `${setup.folder} belongs to user 1234: the handler could be replaced; chown root ${setup.folder}`;
    expect(await reviewOf(JOB)).toMatchObject({ reasonCode: 'HANDLER_NOT_EXECUTABLE', rejection: { reason } });
  });

  test.runIf(isRoot)('of another group is a warning, once', async () => {
    await chown(setup.folder, 0, 4321);
    await chmod(setup.folder, 0o2775);
    for (const name of ['script', 'other']) {
      await installScript(setup.handlersDir, name);
      expect(await reviewOf({ operation: name })).toMatchObject({ verdict: 'run' });
    }
    expect(await setup.run(JOB)).toMatchObject({ status: 'succeeded' });
    expect(warnings()).toEqual([
      {
        path: setup.folder,
        reason: `members of group 4321 may write in ${setup.folder} (mode 0775): handlers could be replaced; chmod g-w ${setup.folder}`,
      },
    ]);
  });

  test('that the agent’s own group may write in is let be', async () => {
    await chmod(setup.folder, 0o775);
    expect(await reviewOf(JOB)).toMatchObject({ verdict: 'run' });
    expect(warnings()).toEqual([]);
  });
});

test('handlersDir itself counts for a file further down', async () => {
  const below = join(setup.handlersDir, 'below');
  await mkdir(below);
  await installScript(below, 'real');
  await symlink('below/real', join(setup.handlersDir, 'link'));
  await symlink('below/../script', join(setup.handlersDir, 'roundabout'));
  expect(await reviewOf({ operation: 'roundabout' })).toMatchObject({ verdict: 'run' });
  expect(await reviewOf({ operation: 'link' })).toMatchObject({ verdict: 'run' });
  await chmod(setup.handlersDir, 0o770);
  const reason = `others than its owner may write ${setup.handlersDir}; chmod go-w ${setup.handlersDir}`;
  expect(await reviewOf({ operation: 'link' })).toMatchObject({ rejection: { reason } });
});

describe('a link on the way to the handler', () => {
  test('counts with the folder that it is in', async () => {
    const open = join(setup.folder, 'open');
    await mkdir(open);
    await symlink(setup.handlersDir, join(open, 'link'));
    const other = await createStepRunnerSetup({ handlerPaths: [join(open, 'link')] });
    const through = { operation: 'script', args: [], path: join(open, 'link') };
    const review = () => other.stepRunner.review(planOf(through));
    expect(await review()).toMatchObject({ verdict: 'run' });
    await chmod(open, 0o777);
    const reason = expect.stringContaining(`chmod go-w ${open}`);
    expect(await review()).toMatchObject({ reasonCode: 'HANDLER_NOT_EXECUTABLE', rejection: { reason } });
    await other.remove();
  });

  test('counts with the folders that it leads through', async () => {
    const [open, real] = [join(setup.folder, 'open'), join(setup.folder, 'open', 'real')];
    await mkdir(real, { recursive: true });
    await installScript(real);
    await symlink(real, join(setup.folder, 'link'));
    const other = await createStepRunnerSetup({ handlerPaths: [join(setup.folder, 'link')] });
    const through = { operation: 'script', args: [], path: join(setup.folder, 'link') };
    await chmod(open, 0o777);
    const reason = expect.stringContaining(`chmod go-w ${open}`);
    expect(await other.stepRunner.review(planOf(through))).toMatchObject({ rejection: { reason } });
    await other.remove();
  });
});

function reviewOf(document: JsonValue) {
  return setup.stepRunner.review(planOf(document));
}

/** Everything that was warned of, whatever the words. */
function warnings() {
  return setup.logLines.filter(({ level }) => level === 40).map(({ path, reason }) => ({ path, reason }));
}

async function installScript(folder: string, name = 'script'): Promise<void> {
  await writeFile(join(folder, name), '#!/bin/sh\n', { mode: 0o755 });
}
