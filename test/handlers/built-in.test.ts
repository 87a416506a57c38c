import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonValue } from '../../agent/core/json.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { planOf } from '../fixtures/parsed-document.ts';
import { createStepRunnerSetup, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

const HANDLERS = join(import.meta.dirname, '../../handlers');
const folders = readdirSync(HANDLERS, { withFileTypes: true }).filter((entry) => entry.isDirectory());

let setup: StepRunnerSetup;
beforeAll(async () => {
  setup = await createStepRunnerSetup();
});
afterAll(() => setup.remove());

test('every folder is a built-in handler of that name', () => {
  expect(builtInHandlers.map(({ operation }) => operation).sort()).toEqual(folders.map(({ name }) => name).sort());
});

test.each(folders.map(({ name }) => name))('%s has the three files of a handler', (name) => {
  for (const file of ['handler.ts', 'parameters.ts', 'example.job.json']) {
    expect(existsSync(join(HANDLERS, name, file)), file).toBe(true);
  }
});

test.each(folders.map(({ name }) => name))('the example of %s would run', async (name) => {
  const document = JSON.parse(await readFile(join(HANDLERS, name, 'example.job.json'), 'utf8')) as JsonValue;
  const review = await setup.stepRunner.review(planOf(document));
  expect(review).toMatchObject({ verdict: 'run', steps: [{ operation: name }] });
});
