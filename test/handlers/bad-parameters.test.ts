import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAjvCompiler } from '../../agent/adapters/schema/ajv-check.ts';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import type { JobHandler } from '../../agent/handler-api.ts';
import { createHandlerRegistry } from '../../agent/runs/handler-registry.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { checkProperty } from '../fixtures/check-property.ts';
import { FACTS } from '../fixtures/step-handlers/step-runner-setup.ts';

const registry = createHandlerRegistry({
  handlers: builtInHandlers,
  compileSchema: createAjvCompiler(),
  facts: FACTS,
});

/** What no operation may take for a name: options, paths, patterns, what a shell would act on, what breaks lines. */
const HOSTILE_NAMES = [
  '',
  ' ',
  '-f',
  '--root=/',
  '.',
  '..',
  '../x',
  'a/b',
  '/etc/passwd',
  'a b',
  'a\tb',
  'a\nb',
  'a\0b',
  'a;id',
  'a|id',
  'a&id',
  '$(id)',
  '`id`',
  '$HOME',
  'a>b',
  'a<b',
  "a'b",
  'a"b',
  'a*',
  'a?',
  '[a]',
  '{a,b}',
  '~root',
  '#a',
  '!a',
  'a%',
  'ä',
  'а',
  '\u202ea',
];

/** Parameters, where the mistake is, and a part of what is said of it. */
type BadParameters = readonly [parameters: JsonObject, pointer: string, reason: string];

const services = (more: JsonObject): JsonObject => ({ action: 'start', units: ['a'], ...more });

const UPLOAD_URL = 'https://a.example/f?X-Amz-Signature=0';
const upload = (more: JsonObject): JsonObject => ({ url: UPLOAD_URL, path: '/var/log/a', ...more });

const install = (more: JsonObject): JsonObject => ({ packages: ['a'], ...more });

/** What no package may be called, on top of the others. */
const HOSTILE_PACKAGES = [
  ...HOSTILE_NAMES,
  'a-',
  'a^',
  '@group',
  'a..b',
  'a:',
  ':a',
  'a/stable',
  './a.deb',
  '+a',
  'a\\b',
  'a@b',
];
const HOSTILE_VERSIONS = [
  'a=',
  'a==1',
  'a=-1',
  'a=1..2',
  'a=1/2',
  'a=1 2',
  'a=$(id)',
  'a=*',
  'a=1\n',
  '=1',
  'a- =1',
  'a-=1',
];

const packagesRows = (names: readonly string[]): readonly BadParameters[] => [
  [{}, '/packages', 'is required'],
  [install({ packages: 'a' }), '/packages', 'expected an array'],
  [install({ packages: [] }), '/packages', 'at least 1'],
  [install({ packages: Array.from({ length: 65 }, (_, i) => `a${i}`) }), '/packages', 'at most 64'],
  [install({ packages: ['a', 'a'] }), '/packages', ''],
  [install({ packages: ['a', 5] }), '/packages/1', 'got the number 5'],
  [install({ packages: ['a'.repeat(257)] }), '/packages/0', 'at most 256'],
  ...names.map((name): BadParameters => [install({ packages: ['a', name] }), '/packages/1', 'the name of a package']),
  [install({ lockTimeoutSeconds: -1 }), '/lockTimeoutSeconds', 'at least 0'],
  [install({ lockTimeoutSeconds: 3601 }), '/lockTimeoutSeconds', 'at most 3600'],
  [install({ lockTimeoutSeconds: '5' }), '/lockTimeoutSeconds', 'expected an integer'],
  [install({ package: 'a' }), '/package', 'did you mean packages?'],
];

const TABLE: Readonly<Record<string, readonly BadParameters[]>> = {
  services: [
    [{ units: ['a'] }, '/action', 'is required'],
    [services({ action: 'reload' }), '/action', 'one of "start", "stop", "restart", "enable", "disable"'],
    [services({ action: 5 }), '/action', 'got the number 5'],
    [{ action: 'start' }, '/units', 'is required'],
    [services({ units: 'a' }), '/units', 'expected an array'],
    [services({ units: [] }), '/units', 'at least 1'],
    [services({ units: Array.from({ length: 33 }, (_, i) => `a${i}`) }), '/units', 'at most 32'],
    [services({ units: ['a', 'a'] }), '/units', ''],
    [services({ units: ['a', 5] }), '/units/1', 'got the number 5'],
    [services({ units: ['a'.repeat(256)] }), '/units/0', 'at most 255'],
    ...HOSTILE_NAMES.map((name): BadParameters => [services({ units: ['a', name] }), '/units/1', 'the name of a unit']),
    [services({ stayUpSeconds: 0 }), '/stayUpSeconds', 'at least 1'],
    [services({ stayUpSeconds: 601 }), '/stayUpSeconds', 'at most 600'],
    [services({ stayUpSeconds: 1.5 }), '/stayUpSeconds', 'expected an integer'],
    [services({ stayUpSeconds: '5' }), '/stayUpSeconds', 'expected an integer'],
    [services({ action: 'stop', stayUpSeconds: 5 }), '/stayUpSeconds', 'means nothing for stop'],
    [services({ unit: 'a' }), '/unit', 'did you mean units?'],
  ],
  'install-packages': [
    ...packagesRows([...HOSTILE_PACKAGES, ...HOSTILE_VERSIONS]),
    [install({ packages: ['a', 'a=1'] }), '/packages/1', 'names a a second time'],
    [install({ refresh: 'yes' }), '/refresh', 'expected'],
  ],
  'upload-file': [
    [{ path: '/var/log/a' }, '/url', 'is required'],
    [{ url: UPLOAD_URL }, '/path', 'is required'],
    ...['', 'ftp://a/b', 'file:///etc/passwd', 'https://', 'https://a b/', 5].map(
      (url): BadParameters => [upload({ url }), '/url', ''],
    ),
    [upload({ url: 'http://elsewhere.example/' }), '/url', 'insecureDownloadHosts'],
    [upload({ url: 'https://user:word@a.example/' }), '/url', 'user name or password'],
    ...['', '/', '/var/log/', '..', '../a', '/var/log/../../etc/shadow', 'a/../b', 'a/..', 'a\0b', 'a\nb', 5].map(
      (path): BadParameters => [upload({ path }), '/path', 'without ..'],
    ),
    [upload({ path: `/${'a'.repeat(4095)}` }), '/path', 'at most 4095'],
    [upload({ path: '/etc/shadow' }), '/path', 'is in no folder of uploadFolders'],
    [upload({ path: '/var/logger' }), '/path', 'is in no folder of uploadFolders'],
    [upload({ maxBytes: -1 }), '/maxBytes', 'at least 0'],
    [upload({ maxBytes: 2 ** 40 }), '/maxBytes', 'at most'],
    [upload({ maxBytes: '5' }), '/maxBytes', 'expected an integer'],
    ...['', 'text', 'text/plain\r\nx: y', 'a/b; c', 'tex t/plain'].map(
      (contentType): BadParameters => [upload({ contentType }), '/contentType', 'a media type'],
    ),
    [upload({ method: 'PUT' }), '/method', 'is not known'],
  ],
  'remove-packages': [
    ...packagesRows([...HOSTILE_PACKAGES, ...HOSTILE_VERSIONS, 'a=1']),
    [install({ purge: 1 }), '/purge', 'expected'],
  ],
};

describe.each(Object.entries(TABLE))('%s refuses', (operation, rows) => {
  test.each(rows)('%j', (parameters, pointer, reason) => {
    const problem = registry.checkParameters(handlerOf(operation), parameters);
    expect(problem?.pointer).toBe(pointer);
    expect(problem?.reason).toContain(reason);
  });
});

describe.each(Object.keys(TABLE))('%s', (operation) => {
  const handler = handlerOf(operation);
  const { properties } = handler.parameters as unknown as { properties: Readonly<Record<string, JsonObject>> };
  const names = fc.constantFrom(...Object.keys(properties), '__proto__', 'x');

  test('takes whatever is thrown at it, without a throw, and says where the mistake is', () => {
    const parameters = fc.dictionary(
      names,
      fc.oneof(fc.jsonValue(), fc.array(fc.string()), fc.constantFrom(...HOSTILE_NAMES)),
    );
    checkProperty(
      fc.property(parameters, (value) => {
        const problem = registry.checkParameters(handler, value as JsonObject);
        if (problem === undefined) return;
        expect(problem.reason).not.toBe('');
        expect(problem.pointer === '' || problem.pointer.startsWith('/')).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('refuses parameters that are no object', () => {
    for (const value of [null, [], 'a', 5, true] as JsonValue[]) {
      expect(registry.checkParameters(handler, value)?.reason).toContain('expected an object');
    }
  });
});

test('whatever unit name is let through is one to systemd, and no option', () => {
  const piece = fc.constantFrom(...'aZ09:-_.\\@/ *$;', '..', '.service', '@');
  checkProperty(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const name = pieces.join('');
      if (registry.checkParameters(handlerOf('services'), services({ units: [name] })) !== undefined) return;
      expect(name).toMatch(/^[\w:\\][\w:.\\-]*(@[\w:.\\-]*)?$/);
    }),
    { numRuns: 200 },
  );
});

test('whatever package name is let through begins no option, ends no removal, and leaves no folder', () => {
  const piece = fc.constantFrom(...'aZ09:-_.+=~^@/ *$;', '..', '--');
  checkProperty(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const name = pieces.join('');
      if (registry.checkParameters(handlerOf('install-packages'), install({ packages: [name] })) !== undefined) return;
      expect(name).toMatch(/^[A-Za-z0-9][\w+.:-]*(=[A-Za-z0-9][\w.+:~^-]*)?$/);
      expect(name.split('=')[0]).not.toMatch(/-$/);
      expect(name).not.toContain('..');
    }),
    { numRuns: 200 },
  );
});

test.each([
  'g++',
  'libc6:amd64',
  'python3.11',
  'mosquitto=2.0.11-1.2+deb12u1',
  'a=1:2.3~rc1',
  'busybox=1.36.1-r5',
  'libstdc++6',
  'kernel_modules',
])('%s is the name of a package', (name) => {
  expect(registry.checkParameters(handlerOf('install-packages'), { packages: [name] })).toBeUndefined();
});

function handlerOf(operation: string): JobHandler {
  const handler = registry.find(operation);
  if (handler === undefined) throw new Error(`no handler does ${operation}`);
  return handler;
}
