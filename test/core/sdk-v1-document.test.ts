import { describe, expect, test } from 'vitest';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { sdkV1Pointer } from '../../agent/core/sdk-v1-document.ts';

/** All that the agent's example documents have. */
const INSTALL = {
  operation: 'install',
  packageName: 'telemetry',
  workingDirectory: './app',
  launchCommand: 'node app.js --name "my gateway"',
  autoStart: 'true',
  files: [
    {
      fileName: 'app.js',
      fileVersion: '1.0.2.10',
      fileSource: { url: 'https://artifacts.example.com/app.js?X-Amz-Signature=1' },
      checksum: { inline: { value: '9a0364b9e99bb480dd25e1f0284c8555' }, hashAlgorithm: 'MD5' },
    },
  ],
};
const FILE = INSTALL.files[0] as JsonObject;

describe('what the operations become', () => {
  test('install', () => {
    expect(stepsOf(INSTALL)).toEqual([
      [
        'install',
        'install-application',
        {
          name: 'telemetry',
          workingDirectory: './app',
          files: [
            {
              path: 'app.js',
              url: 'https://artifacts.example.com/app.js?X-Amz-Signature=1',
              version: '1.0.2.10',
              md5: '9a0364b9e99bb480dd25e1f0284c8555',
            },
          ],
          command: ['node', 'app.js', '--name', 'my gateway'],
          startAtBoot: true,
          start: true,
        },
      ],
    ]);
  });

  test.each(['start', 'stop', 'restart'])('%s', (operation) => {
    const parameters = { action: operation, name: 'telemetry' };
    expect(stepsOf({ operation, packageName: 'telemetry' })).toEqual([[operation, 'applications', parameters]]);
  });

  test('systemStatus', () => {
    expect(stepsOf({ operation: 'systemStatus' })).toEqual([
      ['systemStatus', 'system-info', {}],
      ['systemStatus', 'applications', { action: 'status' }],
    ]);
  });

  test.each(['reboot', 'shutdown'])('%s with and without a delay in minutes', (operation) => {
    const now = [operation, operation, {}];
    expect(stepsOf({ operation, delay: 2 })).toEqual([['delay', 'delay', { seconds: 120 }], now]);
    expect(stepsOf({ operation, delay: '2' })).toEqual([['delay', 'delay', { seconds: 120 }], now]);
    expect(stepsOf({ operation, delay: '0' })).toEqual([now]);
    expect(stepsOf({ operation, delay: null })).toEqual([now]);
    expect(parsed({ operation })).toMatchObject({ ok: true, plan: { format: 'native', steps: [{ name: operation }] } });
  });
});

describe('autoStart', () => {
  test.each([
    [true, { start: true, startAtBoot: true }],
    ['true', { start: true, startAtBoot: true }],
    [false, { start: false, startAtBoot: false }],
    ['false', { start: false, startAtBoot: false }],
  ])('%j', (autoStart, expected) => {
    expect(installed({ autoStart })).toMatchObject(expected);
  });

  test.each([undefined, null])('%j leaves it as it is', (autoStart) => {
    expect(installed({ autoStart })).not.toHaveProperty('start');
    expect(installed({ autoStart })).not.toHaveProperty('startAtBoot');
  });

  test('without a command starts nothing: files only', () => {
    for (const launchCommand of [undefined, null, '', ' ']) {
      const parameters = installed({ launchCommand });
      for (const name of ['command', 'start', 'startAtBoot']) expect(parameters).not.toHaveProperty(name);
    }
  });
});

describe('checksum', () => {
  test.each([
    ['md5', 'md5'],
    ['SHA1', 'sha1'],
    ['sha-1', 'sha1'],
    ['sha224', 'sha224'],
    ['SHA256', 'sha256'],
    ['RSA-SHA256', 'sha256'],
    ['sha-384', 'sha384'],
    ['SHA-512', 'sha512'],
  ])('%s is %s', (hashAlgorithm, name) => {
    expect(installedFile({ checksum: { hashAlgorithm, inline: { value: 'ab' } } })).toHaveProperty(name, 'ab');
  });

  test.each([undefined, null, {}, { hashAlgorithm: null }])('%j checks nothing', (checksum) => {
    expect(installedFile({ checksum })).toEqual({
      path: 'app.js',
      url: 'https://artifacts.example.com/app.js?X-Amz-Signature=1',
      version: '1.0.2.10',
    });
  });
});

test.each([
  [{ operation: 'install' }, 'native'],
  [{ operation: 'start' }, 'native'],
  [{ operation: 'reboot' }, 'native'],
  [{ operation: 'install', parameters: {} }, 'native'],
  [{ operation: 'systemStatus', parameters: {} }, 'native'],
  [{ operation: 'install', args: ['x'] }, 'device-client'],
  [{ operation: 'install', path: 'default' }, 'device-client'],
  [{ operation: 'start', packageName: 'x', _comment: 'hello' }, 'sdk-v1'],
] as [JsonObject, string][])('%j is %s', (document, format) => {
  expect(parsed(document)).toMatchObject({ ok: true, plan: { format } });
});

test.each([
  [{ operation: 'start', packageName: 7 }, '/packageName', 'expected a string, got the number 7'],
  [{ operation: 'stop', files: [] }, '/packageName', 'expected a string, got nothing'],
  [{ ...INSTALL, packageName: undefined }, '/packageName', 'expected a string, got nothing'],
  [{ ...INSTALL, packageName: 'a\0b' }, '/packageName', 'expected a string without NUL characters, got one with'],
  [{ ...INSTALL, files: undefined }, '/files', 'expected an array, got nothing'],
  [{ ...INSTALL, files: [7] }, '/files/0', 'expected an object, got the number 7'],
  [{ ...INSTALL, files: [{ ...FILE, fileName: null }] }, '/files/0/fileName', 'expected a string, got null'],
  [{ ...INSTALL, files: [{ ...FILE, fileSource: 'x' }] }, '/files/0/fileSource', 'expected an object, got a string'],
  [{ ...INSTALL, files: [{ ...FILE, fileSource: {} }] }, '/files/0/fileSource/url', 'expected a string, got nothing'],
  [{ ...INSTALL, launchCommand: 'a | b' }, '/launchCommand', 'needs a shell for |, a pipe, and there is none'],
  [{ ...INSTALL, launchCommand: ['a'] }, '/launchCommand', 'expected a string, got an array'],
  [{ ...INSTALL, autoStart: 'yes' }, '/autoStart', 'expected a boolean, got the string "yes"'],
  [{ operation: 'reboot', delay: -1 }, '/delay', 'expected a whole number from 0'],
  [{ operation: 'reboot', delay: 'now; rm -rf /' }, '/delay', 'expected a whole number from 0'],
  [{ operation: 'shutdown', delay: 1441 }, '/delay', 'expected at most 1440 minutes'],
  [
    withChecksum({ hashAlgorithm: 'whirlpool', inline: { value: 'x' } }),
    '/files/0/checksum/hashAlgorithm',
    'expected one of',
  ],
  [withChecksum({ inline: { value: 'x' } }), '/files/0/checksum/hashAlgorithm', 'expected one of md5'],
  [withChecksum({ hashAlgorithm: 'md5' }), '/files/0/checksum/inline', 'expected an object, got nothing'],
  [
    withChecksum({ hashAlgorithm: 'md5', inline: {} }),
    '/files/0/checksum/inline/value',
    'expected a string, got nothing',
  ],
  [withChecksum('md5'), '/files/0/checksum', 'expected an object'],
] as [JsonObject, string, string][])('%j is rejected where it stands', (document, pointer, reason) => {
  expect(parsed(document)).toMatchObject({
    ok: false,
    rejection: { pointer, reason: expect.stringContaining(reason) },
  });
});

test.each([
  ['/name', '/packageName'],
  ['/workingDirectory', '/workingDirectory'],
  ['/command', '/launchCommand'],
  ['/seconds', '/delay'],
  ['/files/3/path', '/files/3/fileName'],
  ['/files/0/url', '/files/0/fileSource/url'],
  ['/files/0/sha256', '/files/0/checksum/inline/value'],
  ['/files', '/files'],
])('the parameter %s stands at %s', (parameter, member) => {
  expect(sdkV1Pointer(parameter)).toBe(member);
});

function withChecksum(checksum: JsonValue): JsonObject {
  return { ...INSTALL, files: [{ ...FILE, checksum }] };
}

/** Without members that are undefined, as a message has none. */
function parsed(document: JsonObject) {
  return parseJobDocument(JSON.parse(JSON.stringify(document)) as JsonObject);
}

function stepsOf(document: JsonObject) {
  const result = parsed(document);
  if (!result.ok) throw new Error(`${result.rejection.pointer}: ${result.rejection.reason}`);
  expect(result.plan).toMatchObject({ format: 'sdk-v1', includeStdOut: false });
  return result.plan.steps.map(({ name, action }) =>
    action.kind === 'operation' ? [name, action.operation, action.parameters] : [name],
  );
}

function installed(more: JsonObject): JsonObject {
  return stepsOf({ ...INSTALL, ...more })[0]?.[2] as JsonObject;
}

function installedFile(more: JsonObject): JsonObject {
  const { files } = installed({ files: [{ ...FILE, ...more }] }) as { files: JsonObject[] };
  return files[0] ?? {};
}
