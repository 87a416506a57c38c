/** `<name>.handler.json` beside an executable: what it may say, what is wrong with it, and what becomes of the job. */
import { chmod, chown, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { HANDLER_API_VERSION } from '../../agent/handler-api.ts';
import { handlerSchema } from '../../scripts/docs/handler-schema.ts';
import { planOf } from '../fixtures/parsed-document.ts';
import { createStepRunnerSetup, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

const isRoot = process.getuid?.() === 0;
const NAME = 'exit-as-told';
const parameters = { type: 'object', additionalProperties: false, properties: { code: { type: 'integer' } } };
let setup: StepRunnerSetup;
let manifestPath: string;

beforeEach(async () => {
  setup = await createStepRunnerSetup();
  await setup.install(NAME);
  manifestPath = join(setup.handlersDir, `${NAME}.handler.json`);
});
afterEach(() => setup.remove());

describe('what a manifest says', () => {
  test('is known at the review', async () => {
    await describeHandler({ parameters, onInterrupted: 'rerun', exclusive: true, timeoutSeconds: 90 });
    expect(await review({})).toMatchObject({
      verdict: 'run',
      steps: [{ onInterrupted: 'rerun', exclusive: true, timeoutMs: 90_000, verifies: true, cleansUp: false }],
    });
  });

  test('gives way to the time limit of the document', async () => {
    await describeHandler({ timeoutSeconds: 90 });
    const plan = planOf({ operation: NAME, timeoutSeconds: 5 });
    expect(await setup.stepRunner.review(plan)).toMatchObject({ steps: [{ timeoutMs: 5_000 }] });
  });

  test('changes nothing when it says nothing', async () => {
    const before = await review({ anything: 1 });
    await describeHandler({});
    expect(await review({ anything: 1 })).toEqual(before);
    expect(await exit(75)).toMatchObject({ status: 'later' });
  });

  test('holds for a Device Client’s document too, but for the parameters', async () => {
    await describeHandler({ parameters, exclusive: true, exitCodes: { rejected: [3] } });
    const document = { operation: NAME, args: ['3'] };
    expect(await setup.stepRunner.review(planOf(document))).toMatchObject({ steps: [{ exclusive: true }] });
    expect(await setup.run(document)).toMatchObject({ status: 'rejected', reasonCode: 'HANDLER_REFUSED' });
  });

  test('counts at once when it changes, and when it goes', async () => {
    await describeHandler({ parameters });
    expect(await review({ other: 1 })).toMatchObject({ reasonCode: 'PARAMETERS_INVALID' });
    await describeHandler({ parameters: { ...parameters, properties: { other: {} } } });
    expect(await review({ other: 1 })).toMatchObject({ verdict: 'run' });
    await describeHandler({ parameters });
    expect(await review({ other: 1 })).toMatchObject({ reasonCode: 'PARAMETERS_INVALID' });
  });
});

describe('parameters', () => {
  test.each<[string, JsonObject, object]>([
    ['of another type', { code: '3' }, { pointer: '/parameters/code', reason: expect.stringContaining('an integer') }],
    ['misspelt', { cod: 3 }, { pointer: '/parameters/cod', reason: 'is not known; did you mean code?' }],
  ])('%s are refused before anything runs', async (_, given, rejection) => {
    await describeHandler({ parameters });
    expect(await review(given)).toEqual({ verdict: 'reject', reasonCode: 'PARAMETERS_INVALID', rejection });
  });

  test('that have become wrong since the review are not run', async () => {
    await describeHandler({ parameters });
    expect(await review({ code: 0 })).toMatchObject({ verdict: 'run' });
    await describeHandler({ parameters: { ...parameters, properties: { code: { type: 'string' } } } });
    expect(await exit(0)).toMatchObject({ status: 'failed', reasonCode: 'PARAMETERS_INVALID' });
  });

  test('that a schema cannot check in time are refused, and the agent goes on', async () => {
    const slow = { type: 'string', pattern: '^(a+)+$' };
    await describeHandler({ parameters: { ...parameters, properties: { text: slow } } });
    expect(await review({ text: `${'a'.repeat(64)}!` })).toMatchObject({
      reasonCode: 'PARAMETERS_INVALID',
      rejection: { pointer: '/parameters', reason: expect.stringContaining('takes longer than') },
    });
    expect(await review({ text: 'aaa' })).toMatchObject({ verdict: 'run' });
  });
});

describe('exit codes', () => {
  test.each<[number, JsonObject, object]>([
    [3, { succeeded: [3] }, { status: 'succeeded' }],
    [0, { succeeded: [3] }, { status: 'succeeded' }],
    [3, { retry: [3, 4] }, { status: 'later' }],
    [4, { retry: [3, 4] }, { status: 'later' }],
    [75, { retry: [3, 4] }, { status: 'failed', reasonCode: 'HANDLER_EXIT_CODE' }],
    [75, { rejected: [75] }, { status: 'rejected', reasonCode: 'HANDLER_REFUSED' }],
    [194, { succeeded: [3] }, { status: 'reboot' }],
    [5, { reboot: [5] }, { status: 'reboot' }],
    [194, { reboot: [] }, { status: 'failed' }],
  ])('%i with %j', async (code, exitCodes, result) => {
    await describeHandler({ exitCodes });
    expect(await exit(code)).toMatchObject(result);
  });
});

test('an executable that resumes finds its checkpoint; another does not', async () => {
  await setup.install('count-in-checkpoint');
  const run = (attempt: number) => setup.run({ operation: 'count-in-checkpoint' }, { attempt });
  await run(1);
  expect(await run(2)).toMatchObject({ details: { count: '0' } });
  await writeFile(join(setup.handlersDir, 'count-in-checkpoint.handler.json'), '{"onInterrupted":"resume"}');
  expect(await run(3)).toMatchObject({ details: { count: '1' } });
});

describe('a wrong manifest', () => {
  const broken: JsonObject = { type: 'object', additionalProperties: false, properties: { a: { type: 'strin' } } };
  test.each<[string, JsonValue, string]>([
    ['no object', [], 'expected an object, got an empty array'],
    ['unknown member', { exlusive: true }, '/exlusive is not known; did you mean exclusive?'],
    ['wrong type', { exclusive: 'yes' }, '/exclusive expected a boolean'],
    ['no rule for interruptions', { onInterrupted: 'again' }, '/onInterrupted expected one of "fail", "rerun"'],
    ['no time', { timeoutSeconds: 0 }, '/timeoutSeconds expected at least 1, got the number 0'],
    ['no exit code', { exitCodes: { retry: [300] } }, '/exitCodes/retry/0 expected at most 255'],
    ['0 for later', { exitCodes: { retry: [0] } }, '/exitCodes/retry/0 expected at least 1'],
    ['two meanings', { exitCodes: { retry: [3], rejected: [2, 3] } }, '/exitCodes/rejected/1 3 is under retry already'],
    [
      'a later API',
      { apiVersion: 999 },
      `/apiVersion needs version 999 of the handler API, and this agent has version ${HANDLER_API_VERSION}`,
    ],
    ['parameters of no object', { parameters: { type: 'string' } }, '/parameters/type expected "object"'],
    ['parameters left open', { parameters: { type: 'object' } }, '/parameters/additionalProperties expected false'],
    [
      'a broken schema',
      { parameters: broken },
      '/parameters is no schema that the agent can use: /properties/a/type expected one of "array"',
    ],
    ['a promise', { parameters: { ...parameters, $async: true } }, '/parameters/$async is no keyword'],
    [
      'another draft',
      { parameters: { ...parameters, $schema: 'https://a.example/draft' } },
      '/parameters/$schema expected "http://json-schema.org/draft-07/schema#", or nothing',
    ],
  ])('%s: the job is refused, with file and place', async (_, manifest, reason) => {
    await describeHandler(manifest);
    expect(await review({})).toMatchObject({
      verdict: 'reject',
      reasonCode: 'HANDLER_MANIFEST_INVALID',
      rejection: { pointer: '/operation', reason: expect.stringContaining(`${manifestPath}: ${reason}`) },
    });
    expect(await exit(0)).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_MANIFEST_INVALID' });
  });

  test('that is no JSON is told by line and column', async () => {
    await writeFile(manifestPath, '{\n  "exclusive": true,\n}\n');
    expect(await reasonOf({})).toBe(
      `${manifestPath}: line 3, column 1: expected a name in double quotes (no comma may stand before }), got }`,
    );
  });

  test('that is too large is not read', async () => {
    await writeFile(manifestPath, '{}');
    await truncate(manifestPath, 64 * 1024 + 1);
    expect(await reasonOf({})).toContain('has 65537 bytes, more than 65536');
  });

  test.each([0o664, 0o646])('that others may write is refused: %o', async (mode) => {
    await describeHandler({});
    await chmod(manifestPath, mode);
    expect(await reasonOf({})).toBe(`others than its owner may write ${manifestPath}; chmod go-w ${manifestPath}`);
  });

  test.runIf(isRoot)('that is another user’s is refused', async () => {
    await describeHandler({});
    await chown(manifestPath, 1234, 0);
    expect(await reasonOf({})).toContain('belongs to user number 1234');
  });

  test('that leads out of the folder is refused', async () => {
    await writeFile(join(setup.folder, 'outside.json'), '{}');
    await symlink(join(setup.folder, 'outside.json'), manifestPath);
    expect(await reasonOf({})).toContain('which is not inside');
  });

  test('that is a folder is refused', async () => {
    await mkdir(manifestPath);
    expect(await reasonOf({})).toContain('is not a file');
  });
});

describe('the schema for editors', () => {
  const parts = { $schema: '../handler.schema.json', summary: 'Exits.', needs: 'nothing', apiVersion: 3, parameters };
  const rules = { onInterrupted: 'resume', exclusive: true, timeoutSeconds: 5, exitCodes: { succeeded: [0, 3] } };
  test.each<[JsonValue, boolean]>([
    [{}, true],
    [{ ...parts, ...rules } as JsonObject, true],
    [{ onInterrupted: 'again' }, false],
    [{ exlusive: true }, false],
    [{ exitCodes: { retry: [0] } }, false],
    [{ parameters: { type: 'object' } }, false],
    [{ parameters: { ...parameters, properties: { a: { type: 'strin' } } } }, false],
  ])('says of %j what the agent says: %s', async (manifest, fits) => {
    expect(new Ajv({ strict: false }).compile(handlerSchema())(manifest)).toBe(fits);
    await describeHandler(manifest);
    expect((await review({})).verdict).toBe(fits ? 'run' : 'reject');
  });
});

test('a manifest is no handler', async () => {
  await describeHandler({});
  await chmod(manifestPath, 0o755);
  const plan = planOf({ operation: `${NAME}.handler.json` });
  expect(await setup.stepRunner.review(plan)).toMatchObject({ verdict: 'unknown-operation' });
});

test('a name as long as file names go has no manifest, and runs', async () => {
  const name = 'x'.repeat(128);
  await writeFile(join(setup.handlersDir, name), await readFile(join(setup.handlersDir, NAME)), { mode: 0o755 });
  expect(await setup.stepRunner.review(planOf({ operation: name }))).toMatchObject({ verdict: 'run' });
  const longest = { operation: 'y'.repeat(255), args: ['0'] };
  await writeFile(join(setup.handlersDir, longest.operation), '#!/bin/sh\n', { mode: 0o755 });
  expect(await setup.stepRunner.review(planOf(longest))).toMatchObject({ verdict: 'run' });
});

function describeHandler(manifest: JsonValue): Promise<void> {
  return writeFile(manifestPath, JSON.stringify(manifest), { mode: 0o644 });
}

function review(given: JsonObject) {
  return setup.stepRunner.review(planOf({ operation: NAME, parameters: given }));
}

async function reasonOf(given: JsonObject): Promise<string> {
  const result = await review(given);
  expect(result).toMatchObject({ verdict: 'reject', reasonCode: 'HANDLER_MANIFEST_INVALID' });
  return result.verdict === 'reject' ? result.rejection.reason : '';
}

function exit(code: number) {
  return setup.run({ operation: NAME, parameters: { code } });
}
