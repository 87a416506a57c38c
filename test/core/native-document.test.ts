import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../agent/core/json.ts';
import { planOf, rejectionOf } from '../fixtures/parsed-document.ts';

test('a single operation is a plan of one step', () => {
  expect(planOf({ operation: 'download-file', parameters: { url: 'https://host/file' } })).toEqual({
    format: 'native',
    includeStdOut: false,
    steps: [
      {
        name: 'download-file',
        pointer: '',
        action: { kind: 'operation', operation: 'download-file', parameters: { url: 'https://host/file' } },
        ignoreFailure: false,
      },
    ],
  });
});

test('steps keep their order, names, users and limits', () => {
  const plan = planOf({
    includeStdOut: true,
    steps: [
      { name: 'Fetch', operation: 'download-file', parameters: { a: 1 }, timeoutSeconds: 600, runAs: 'www-data' },
      { operation: 'reboot' },
    ],
  });
  expect(plan).toEqual({
    format: 'native',
    includeStdOut: true,
    steps: [
      {
        name: 'Fetch',
        pointer: '/steps/0',
        action: { kind: 'operation', operation: 'download-file', parameters: { a: 1 } },
        runAs: 'www-data',
        timeoutSeconds: 600,
        ignoreFailure: false,
      },
      {
        name: 'reboot',
        pointer: '/steps/1',
        action: { kind: 'operation', operation: 'reboot', parameters: {} },
        ignoreFailure: false,
      },
    ],
  });
});

test('the single form takes name, user and limit too', () => {
  const plan = planOf({ operation: 'x', name: 'Now', runAs: 'root', timeoutSeconds: 1, includeStdOut: true });
  expect(plan.includeStdOut).toBe(true);
  expect(plan.steps[0]).toMatchObject({ name: 'Now', runAs: 'root', timeoutSeconds: 1 });
});

test('a limit beside the steps is one for all of them', () => {
  const plan = planOf({ steps: [{ operation: 'x', timeoutSeconds: 5 }, { operation: 'y' }], timeoutSeconds: 60 });
  expect(plan.timeoutSeconds).toBe(60);
  expect(plan.steps.map(({ timeoutSeconds }) => timeoutSeconds)).toEqual([5, undefined]);
  expect(planOf({ operation: 'x', timeoutSeconds: 60 }).timeoutSeconds).toBeUndefined();
});

test('a step may fail without the job failing, and may be run again', () => {
  const plan = planOf({
    steps: [
      { operation: 'x', onFailure: 'continue', retries: { count: 3, delaySeconds: 0 } },
      { operation: 'y', onFailure: 'stop', retries: { count: 1 } },
    ],
  });
  expect(plan.steps).toMatchObject([
    { ignoreFailure: true, retries: { count: 3, delaySeconds: 0 } },
    { ignoreFailure: false, retries: { count: 1, delaySeconds: 60 } },
  ]);
  expect(planOf({ operation: 'x', retries: { count: 10 } }).steps).toMatchObject([{ retries: { count: 10 } }]);
});

test('rollbacks stand after the work, the last first, and before what always runs', () => {
  const plan = planOf({
    steps: [
      { operation: 'a', rollback: { operation: 'back-a', timeoutSeconds: 5, retries: { count: 1 } } },
      { operation: 'b' },
      { operation: 'c', rollback: { operation: 'back-c', parameters: { x: 1 }, name: 'undo', runAs: 'app' } },
    ],
    finally: [{ operation: 'tidy', onFailure: 'continue' }, { operation: 'tell' }],
  });
  expect(plan.steps.map(({ name, role, undoes, pointer }) => [name, role, undoes, pointer])).toEqual([
    ['a', undefined, undefined, '/steps/0'],
    ['b', undefined, undefined, '/steps/1'],
    ['c', undefined, undefined, '/steps/2'],
    ['undo', 'rollback', 2, '/steps/2/rollback'],
    ['back-a', 'rollback', 0, '/steps/0/rollback'],
    ['tidy', 'finally', undefined, '/finally/0'],
    ['tell', 'finally', undefined, '/finally/1'],
  ]);
  expect(plan.steps[3]).toMatchObject({ runAs: 'app', action: { parameters: { x: 1 } } });
  expect(plan.steps[5]).toMatchObject({ ignoreFailure: true });
});

test('a machine account may be the user', () => {
  expect(planOf({ operation: 'x', runAs: 'gateway$' }).steps[0]?.runAs).toBe('gateway$');
});

const STEP_MEMBERS = '"operation", "parameters", "name", "timeoutSeconds", "runAs", "onFailure", "retries", "runIf"';

describe('an unknown member is refused', () => {
  const unknown: [JsonValue, string, string][] = [
    [{ steps: [{ operation: 'x', paramters: {} }] }, '/steps/0/paramters', 'did you mean "parameters"?'],
    [{ operation: 'x', retries: { times: 5 } }, '/retries/times', 'known are "count", "delaySeconds"'],
    [{ operation: 'x', timeout: 5 }, '/timeout', 'did you mean "timeoutSeconds"?'],
    [{ operation: 'x', RunAs: 'root' }, '/RunAs', 'did you mean "runAs"?'],
    [{ operation: 'x', stpes: [] }, '/stpes', 'did you mean "steps"?'],
    [
      { steps: [{ operation: 'x' }], always: [] },
      '/always',
      'known are "steps", "finally", "includeStdOut", "timeoutSeconds"',
    ],
    [
      { steps: [{ operation: 'x', rollback: { operation: 'y', onFailure: 'stop' } }] },
      '/steps/0/rollback/onFailure',
      'known are "operation", "parameters", "name", "timeoutSeconds", "runAs", "retries"',
    ],
    [
      { steps: [{ operation: 'x' }], finally: [{ operation: 'y', rollback: {} }] },
      '/finally/0/rollback',
      `known are ${STEP_MEMBERS}`,
    ],
    [
      { steps: [{ operation: 'x', packageName: 'p' }] },
      '/steps/0/packageName',
      `known are ${STEP_MEMBERS}, "rollback"`,
    ],
    [{ operation: 'x', packageName: 'p' }, '/packageName', `known are ${STEP_MEMBERS}, "includeStdOut", "steps"`],
  ];

  test.each(unknown)('%j says which one was meant', (document, pointer, hint) => {
    expect(rejectionOf(document)).toEqual({ pointer, reason: `unknown member; ${hint}` });
  });

  const misplaced: [JsonValue, string, string][] = [
    [{ steps: [{ operation: 'x' }], operation: 'x' }, '/operation', 'beside "steps" it belongs into one of them'],
    [{ steps: [{ operation: 'x' }], runAs: 'app' }, '/runAs', 'beside "steps" it belongs into one of them'],
    [{ operation: 'x', finally: [] }, '/finally', 'only a document with "steps" has it'],
    [{ operation: 'x', rollback: {} }, '/rollback', 'only a document with "steps" has it'],
  ];

  test.each(misplaced)('%j says where it belongs', (document, pointer, hint) => {
    expect(rejectionOf(document)).toEqual({ pointer, reason: `unknown member here; ${hint}` });
  });
});

describe('a member of the wrong kind is refused', () => {
  const steps = (count: number) => Array.from({ length: count }, () => ({ operation: 'x' }));
  const wrong: [JsonValue, string, RegExp][] = [
    [{ operation: 1 }, '/operation', /^expected a string, got the number 1$/],
    [{ operation: '' }, '/operation', /^expected the name of an operation .*, got the string ""$/],
    [{ operation: '../x' }, '/operation', /^expected the name of an operation/],
    [{ operation: '-x' }, '/operation', /^expected the name of an operation/],
    [{ operation: 'x'.repeat(129) }, '/operation', /at most 128 characters/],
    [{ operation: 'x', parameters: [] }, '/parameters', /^expected an object, got an empty array$/],
    [{ operation: 'x', parameters: null }, '/parameters', /^expected an object, got null$/],
    [{ operation: 'x', name: '' }, '/name', /^expected a name, got the string ""$/],
    [{ operation: 'x', name: 'a\0b' }, '/name', /^expected a string without NUL characters/],
    [{ operation: 'x', includeStdOut: 'true' }, '/includeStdOut', /^expected a boolean, got the string "true"$/],
    [
      { operation: 'x', timeoutSeconds: 0 },
      '/timeoutSeconds',
      /^expected a whole number from 1 to 604800, got the number 0$/,
    ],
    [{ operation: 'x', timeoutSeconds: 604_801 }, '/timeoutSeconds', /got the number 604801$/],
    [{ operation: 'x', timeoutSeconds: 1.5 }, '/timeoutSeconds', /got the number 1.5$/],
    [{ steps: [{ operation: 'x' }], timeoutSeconds: 0 }, '/timeoutSeconds', /got the number 0$/],
    [{ operation: 'x', timeoutSeconds: '60' }, '/timeoutSeconds', /got the string "60"$/],
    [{ operation: 'x', onFailure: 'ignore' }, '/onFailure', /^expected "stop" or "continue", got the string "ignore"$/],
    [{ operation: 'x', retries: 3 }, '/retries', /^expected an object, got the number 3$/],
    [{ operation: 'x', retries: {} }, '/retries/count', /^expected a whole number from 1 to 10, got nothing$/],
    [{ operation: 'x', retries: { count: 11 } }, '/retries/count', /^expected a whole number from 1 to 10, got/],
    [{ operation: 'x', retries: { count: 1, delaySeconds: -1 } }, '/retries/delaySeconds', /from 0 to 86400, got/],
    [{ operation: 'x', retries: { count: 1, delaySeconds: 86_401 } }, '/retries/delaySeconds', /from 0 to 86400, got/],
    [{ operation: 'x', runAs: '' }, '/runAs', /^expected a user name/],
    [{ operation: 'x', runAs: '#0' }, '/runAs', /^expected a user name/],
    [{ operation: 'x', runAs: '-u' }, '/runAs', /^expected a user name/],
    [{ operation: 'x', runAs: '0' }, '/runAs', /^expected a user name/],
    [{ operation: 'x', runAs: 'root\n' }, '/runAs', /^expected a user name/],
    [{ operation: 'x', runAs: 'u'.repeat(33) }, '/runAs', /at most 32 characters/],
    [{ steps: {} }, '/steps', /^expected an array, got an object$/],
    [{ steps: [{ operation: 'x' }], finally: [] }, '/finally', /^expected at least one step, got an empty array$/],
    [{ steps: [{ operation: 'x' }], finally: steps(51) }, '/finally', /^expected at most 50 steps, got 51$/],
    [
      { steps: [{ operation: 'x', rollback: 'y' }] },
      '/steps/0/rollback',
      /^expected an object, got a string of length 1$/,
    ],
    [{ steps: [{ operation: 'x', rollback: {} }] }, '/steps/0/rollback/operation', /^expected a string, got nothing$/],
    [{ steps: [] }, '/steps', /^expected at least one step, got an empty array$/],
    [{ steps: steps(51) }, '/steps', /^expected at most 50 steps, got 51$/],
    [{ steps: [{ operation: 'x' }, 'reboot'] }, '/steps/1', /^expected an object, got a string of length 6$/],
    [{ steps: [{}] }, '/steps/0/operation', /^expected a string, got nothing$/],
  ];

  test.each(wrong)('%j is rejected at %s', (document, pointer, reason) => {
    const rejection = rejectionOf(document);
    expect(rejection.pointer).toBe(pointer);
    expect(rejection.reason).toMatch(reason);
  });

  test('50 steps and 128 characters are still fine', () => {
    expect(planOf({ steps: steps(50) }).steps).toHaveLength(50);
    expect(planOf({ operation: 'X'.repeat(128) }).steps).toHaveLength(1);
    expect(planOf({ operation: 'x', runAs: 'u'.repeat(32), timeoutSeconds: 604_800 }).steps).toHaveLength(1);
  });
});
