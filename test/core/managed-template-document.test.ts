import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { MANAGED_TEMPLATES, managedTemplateDocument } from '../fixtures/job-documents/managed-templates.ts';
import { planOf, rejectionOf } from '../fixtures/parsed-document.ts';

describe("AWS's eight templates run as they are", () => {
  test('there are eight', () => {
    expect(MANAGED_TEMPLATES).toHaveLength(8);
  });

  test.each(MANAGED_TEMPLATES.filter(({ handler }) => handler))('$template calls $handler', (template) => {
    const values = { downloadUrl: 'https://host/f', filePath: '/tmp/f', packages: 'vim htop', services: 'cron' };
    const [step, ...others] = planOf(managedTemplateDocument(template, values)).steps;
    expect(others).toEqual([]);
    expect(step).toEqual({
      name: template.template.slice('AWS-'.length),
      pointer: '/steps/0/action',
      action: {
        kind: 'executable',
        handler: template.handler,
        args: template.parameters.map((name) => values[name as keyof typeof values]),
        folder: '',
        runAsUser: '',
      },
      ignoreFailure: false,
    });
  });

  test.each(MANAGED_TEMPLATES.filter(({ handler }) => handler))('$template passes user and folder on', (template) => {
    const values = { runAsUser: 'pi', pathToHandler: '/opt/handlers' };
    expect(planOf(managedTemplateDocument(template, values)).steps[0]).toMatchObject({
      action: { folder: '/opt/handlers', runAsUser: 'pi' },
    });
    expect(planOf(managedTemplateDocument(template, values)).steps[0]).not.toHaveProperty('runAs');
  });

  test('AWS-Run-Command becomes our run-command', () => {
    const template = MANAGED_TEMPLATES[7] ?? { template: '', parameters: [] };
    const document = managedTemplateDocument(template, { command: 'echo, a\\,b ,c d', runAsUser: 'pi' });
    expect(planOf(document).steps).toEqual([
      {
        name: 'Run-Command',
        pointer: '/steps/0/action',
        action: { kind: 'operation', operation: 'run-command', parameters: { command: ['echo', 'a,b', 'c d'] } },
        runAs: 'pi',
        ignoreFailure: false,
      },
    ]);
  });
});

describe('a command is split as the Device Client does', () => {
  const commands: [JsonValue, readonly string[]][] = [
    ['reboot', ['reboot']],
    ['ls,-l,/tmp', ['ls', '-l', '/tmp']],
    [' ls , -l ', ['ls', '-l']],
    ['printf,a\\,b\\,c', ['printf', 'a,b,c']],
    ['printf,,last', ['printf', '', 'last']],
    ['printf,a\\b', ['printf', 'a\\b']],
    [`echo,\${aws:iot:parameter:message}`, ['echo', `\${aws:iot:parameter:message}`]],
    [
      ['printf', ' a,b '],
      ['printf', ' a,b '],
    ],
  ];

  test.each(commands)('%j', (command, argv) => {
    const action = { name: 'n', type: 'runCommand', input: { command } };
    expect(planOf(documentOf(action)).steps[0]?.action).toMatchObject({ parameters: { command: argv } });
  });

  test.each(['', ' ', ',ls', 'ls -l', 'ls\t-l,/tmp'])('%j has no usable program', (command) => {
    const rejection = rejectionOf(documentOf({ name: 'n', type: 'runCommand', input: { command } }));
    expect(rejection.pointer).toBe('/steps/0/action/input/command');
    expect(rejection.reason).toMatch(/^expected a program without white space/);
  });

  test('an empty user means no user', () => {
    const action = { name: 'n', type: 'runCommand', input: { command: 'ls' }, runAsUser: '' };
    expect(planOf(documentOf(action)).steps[0]).not.toHaveProperty('runAs');
  });
});

describe('optional members mean what the schema says', () => {
  const input = { handler: 'x.sh' };
  const minimal = { name: 'n', type: 'runHandler', input };

  test.each(['', 'default'])('path %j is the configured folder', (path) => {
    const action = { ...minimal, input: { ...input, path } };
    expect(planOf(documentOf(action)).steps[0]?.action).toMatchObject({ folder: '' });
  });

  test.each([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
  ])('includeStdOut and ignoreStepFailure %j mean %s', (flag, meaning) => {
    const plan = planOf({ ...documentOf({ ...minimal, ignoreStepFailure: flag }), includeStdOut: flag });
    expect(plan.includeStdOut).toBe(meaning);
    expect(plan.steps[0]?.ignoreFailure).toBe(meaning);
  });

  test.each([
    [0, 0],
    [3, 3],
    ['3', 3],
  ])('allowStdErr %j allows %d lines', (allowStdErr, lines) => {
    expect(planOf(documentOf({ ...minimal, allowStdErr })).steps[0]?.allowStdErr).toBe(lines);
  });

  test('the final step comes last', () => {
    const finalStep = { action: { ...minimal, name: 'Last' } };
    const plan = planOf({ ...documentOf(minimal), finalStep });
    expect(plan.steps.map(({ name, pointer }) => [name, pointer])).toEqual([
      ['n', '/steps/0/action'],
      ['Last', '/finalStep/action'],
    ]);
  });

  test('no conditions and unknown members change nothing', () => {
    const document = { ...documentOf({ ...minimal, future: 1 }), conditions: [], future: {} };
    expect(planOf(document)).toEqual(planOf(documentOf(minimal)));
  });
});

describe('a wrong document is rejected with its place', () => {
  const input = { handler: 'x.sh' };
  const action = { name: 'n', type: 'runHandler', input };
  const at = '/steps/0/action';
  const wrong: [JsonObject, string, RegExp][] = [
    [{ ...documentOf(action), version: '2.0' }, '/version', /^expected the string "1.0", got the string "2.0"$/],
    [{ ...documentOf(action), version: 1 }, '/version', /^expected the string "1.0", got the number 1$/],
    [{ version: '1.0' }, '/steps', /^expected an array, got nothing$/],
    [{ version: '1.0', steps: [] }, '/steps', /^expected at least one step/],
    [{ version: '1.0', steps: [1] }, '/steps/0', /^expected an object, got the number 1$/],
    [{ version: '1.0', steps: [{}] }, at, /^expected an object, got nothing$/],
    [{ ...documentOf(action), conditions: [{ key: 'os', value: ['linux'] }] }, '/conditions/0/key', /evaluated here/],
    [{ ...documentOf(action), conditions: {} }, '/conditions', /^expected an array, got an object$/],
    [{ ...documentOf(action), finalStep: {} }, '/finalStep/action', /^expected an object, got nothing$/],
    [{ ...documentOf(action), includeStdOut: 'yes' }, '/includeStdOut', /^expected a boolean, got the string "yes"$/],
    [documentOf({ type: 'runHandler', input }), `${at}/name`, /^expected a string, got nothing$/],
    [documentOf({ ...action, name: '' }), `${at}/name`, /^expected a name, got the string ""$/],
    [
      documentOf({ ...action, type: 'runScript' }),
      `${at}/type`,
      /^expected "runHandler" or "runCommand", got the string/,
    ],
    [documentOf({ name: 'n', type: 'runHandler' }), `${at}/input`, /^expected an object, got nothing$/],
    [documentOf({ ...action, input: {} }), `${at}/input/handler`, /^expected a string, got nothing$/],
    [documentOf({ ...action, input: { handler: '../x' } }), `${at}/input/handler`, /^expected a file name/],
    [documentOf({ ...action, input: { handler: '.x' } }), `${at}/input/handler`, /^expected a file name/],
    [documentOf({ ...action, input: { handler: 'x'.repeat(256) } }), `${at}/input/handler`, /at most 255 characters/],
    [documentOf({ ...action, input: { ...input, args: 'a' } }), `${at}/input/args`, /^expected an array/],
    [documentOf({ ...action, input: { ...input, args: ['a', 1] } }), `${at}/input/args/1`, /^expected a string/],
    [documentOf({ ...action, input: { ...input, args: ['a\0'] } }), `${at}/input/args/0`, /without NUL/],
    [documentOf({ ...action, input: { ...input, path: 1 } }), `${at}/input/path`, /^expected a string/],
    [documentOf({ ...action, input: { ...input, path: '/'.repeat(4097) } }), `${at}/input/path`, /at most 4096/],
    [documentOf({ ...action, runAsUser: '-i' }), `${at}/runAsUser`, /^expected a user name/],
    [documentOf({ ...action, runAsUser: 'u'.repeat(257) }), `${at}/runAsUser`, /at most 256 characters/],
    [documentOf({ ...action, allowStdErr: -1 }), `${at}/allowStdErr`, /^expected a whole number from 0/],
    [documentOf({ ...action, allowStdErr: 'two' }), `${at}/allowStdErr`, /got the string "two"$/],
    [documentOf({ ...action, ignoreStepFailure: 1 }), `${at}/ignoreStepFailure`, /^expected a boolean/],
    [
      documentOf({ ...action, type: 'runCommand', input: {} }),
      `${at}/input/command`,
      /^expected a string, got nothing$/,
    ],
  ];

  test.each(wrong)('%j', (document, pointer, reason) => {
    const rejection = rejectionOf(document);
    expect(rejection.pointer).toBe(pointer);
    expect(rejection.reason).toMatch(reason);
  });
});

function documentOf(action: JsonObject): JsonObject {
  return { version: '1.0', steps: [{ action }] };
}
