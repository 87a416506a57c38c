import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleHandlerHost, bundleProgram } from '../fixtures/step-handlers/bundle-program.ts';
import { createStepRunnerSetup, runIdOf, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

let bundleFolder: string;
let hostArgv: readonly string[];
let setup: StepRunnerSetup;

beforeEach(async () => {
  bundleFolder = await mkdtemp(join(tmpdir(), 'resume-'));
  await chmod(bundleFolder, 0o755);
  hostArgv = await bundleHandlerHost(bundleFolder);
  setup = await createStepRunnerSetup({ hostArgv });
});
afterEach(async () => {
  await setup.stepRunner.endLeftovers(0);
  await setup.remove();
  await rm(bundleFolder, { recursive: true, force: true });
});

test('a killed agent’s handler goes on from its last checkpoint', async () => {
  const page = await runUntilKilled(3);
  expect(await setup.stepRunner.endLeftovers(2_000)).toEqual([runIdOf(0, 1)]);
  const { status, details } = await setup.run({ operation: 'count-pages' }, { attempt: 2 });
  expect({ status, attempt: details.attempt }).toEqual({ status: 'succeeded', attempt: '2' });
  // The handler outlived its agent until it was ended, so it may have come further than it told.
  expect(Number(details.first)).toBeGreaterThan(page);
});

/** @returns the page that the handler told last before its agent was killed. */
async function runUntilKilled(pages: number): Promise<number> {
  const [program = '', ...args] = await bundleProgram('step-runner-entry.ts', join(bundleFolder, 'step-runner.mjs'));
  const { handlersDir, stateDir, runtimeDir } = setup;
  const folders = JSON.stringify({ handlersDir, stateDir, runtimeDir });
  const agent = spawn(program, [...args, runIdOf(0, 1), folders, ...hostArgv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface(agent.stdout)) {
      const page = Number(JSON.parse(line).page);
      if (page >= pages) return page;
    }
    throw new Error('the agent ended by itself');
  } finally {
    agent.kill('SIGKILL');
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
  }
}
