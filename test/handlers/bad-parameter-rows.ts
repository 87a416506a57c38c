/** Parameters that an operation refuses for more than its schema says of each alone. */
import type { JsonObject } from '../../agent/core/json.ts';
import { HOSTILE_TEXTS } from './free-text.ts';

/** What no operation may take for a name: options, paths, patterns, what a shell would act on, what breaks lines. */
export const HOSTILE_NAMES = [
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
  ...HOSTILE_TEXTS.shell,
  'a*',
  ...HOSTILE_TEXTS.unicode,
];

/** Parameters, where the mistake is, and a part of what is said of it. */
export type BadParameters = readonly [parameters: JsonObject, pointer: string, reason: string];

export const services = (more: JsonObject): JsonObject => ({ action: 'start', units: ['a'], ...more });

const UPLOAD_URL = 'https://a.example/f?X-Amz-Signature=0';
const upload = (more: JsonObject): JsonObject => ({ url: UPLOAD_URL, path: '/var/log/a', ...more });

const edit = (more: JsonObject): JsonObject => ({ path: '/etc/a', format: 'ini', ...more });
const patch = (...operations: JsonObject[]): JsonObject => edit({ format: 'json', patch: operations });

export const install = (more: JsonObject): JsonObject => ({ packages: ['a'], ...more });

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
  [install({ packages: ['a', 'a'] }), '/packages/1', 'is there twice: entry 0 is the same'],
  [install({ packages: ['a', 5] }), '/packages/1', 'got the number 5'],
  [install({ packages: ['a'.repeat(257)] }), '/packages/0', 'at most 256'],
  ...names.map((name): BadParameters => [install({ packages: ['a', name] }), '/packages/1', 'the name of a package']),
  [install({ lockTimeoutSeconds: -1 }), '/lockTimeoutSeconds', 'at least 0'],
  [install({ lockTimeoutSeconds: 3601 }), '/lockTimeoutSeconds', 'at most 3600'],
  [install({ lockTimeoutSeconds: '5' }), '/lockTimeoutSeconds', 'expected an integer'],
  [install({ package: 'a' }), '/package', 'did you mean packages?'],
];

export const BAD_PARAMETERS: Readonly<Record<string, readonly BadParameters[]>> = {
  services: [
    [{ units: ['a'] }, '/action', 'is required'],
    [services({ action: 'reload' }), '/action', 'one of "start", "stop", "restart", "enable", "disable"'],
    [services({ action: 5 }), '/action', 'got the number 5'],
    [{ action: 'start' }, '/units', 'is required'],
    [services({ units: 'a' }), '/units', 'expected an array'],
    [services({ units: [] }), '/units', 'at least 1'],
    [services({ units: Array.from({ length: 33 }, (_, i) => `a${i}`) }), '/units', 'at most 32'],
    [services({ units: ['a', 'a'] }), '/units/1', 'is there twice: entry 0 is the same'],
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
  'collect-logs': [
    [{}, '/journal', 'is required, or files'],
    [{ url: UPLOAD_URL }, '/journal', 'is required, or files'],
    [{ files: ['/etc/shadow'] }, '/files/0', 'is in no folder of uploadFolders'],
    [{ files: ['a', '/var/logger'] }, '/files/1', 'is in no folder of uploadFolders'],
    [{ journal: {}, url: 'http://elsewhere.example/' }, '/url', 'insecureDownloadHosts'],
    [{ journal: { boot: 1 } }, '/journal/boot', 'at most 0'],
    ...['yesterday', '2h', '-2', '- 2h', '-2h -1h', '2026-03-01 UTC', '--until=x', '-0.5h', '@5'].map(
      (since): BadParameters => [{ journal: { since } }, '/journal/since', 'a time in UTC'],
    ),
  ],
  inventory: [
    [{ url: 'http://elsewhere.example/' }, '/url', 'insecureDownloadHosts'],
    [{ include: ['secrets'] }, '/include/0', 'one of "disks"'],
  ],
  'edit-config': [
    [edit({}), '/merge', 'is required'],
    [edit({ format: 'json' }), '/merge', 'is required, or patch'],
    [edit({ format: 'lines' }), '/ensureLines', 'is required, or removeLines'],
    [edit({ merge: { a: 1 }, patch: [{}] }), '/patch', 'means nothing for ini'],
    [edit({ merge: { a: 1 }, ensureLines: ['a'] }), '/ensureLines', 'means nothing for ini; it goes with lines'],
    [edit({ format: 'lines', merge: { a: 1 } }), '/merge', 'it goes with json, yaml and ini'],
    [edit({ format: 'json', merge: { a: 1 }, separator: 'colon' }), '/separator', 'it goes with ini'],
    ...['', ' a', 'a ', '#a', ';a', '[a', 'a=b', 'a\nb', 'a\0b'].map(
      (key): BadParameters => [edit({ merge: { [key]: 1 } }), `/merge/${key}`, 'expected a key'],
    ),
    [edit({ merge: { 'a b': 1 }, separator: 'space' }), '/merge/a b', 'expected a key'],
    [edit({ merge: { 'a:b': 1 }, separator: 'colon' }), '/merge/a:b', 'expected a key'],
    [edit({ merge: { 'a]': { b: 1 } } }), '/merge/a]', 'the name of a section'],
    [edit({ merge: { 'a/b': { 'c~d=': 1 } } }), '/merge/a~1b/c~0d=', 'expected a key'],
    ...['a\nb', 'a\rb', 'a\0', ' a', 'a ', 'a\\', [], ['a\nb'], [[]], [null], { c: 1 }].map(
      (value): BadParameters => [edit({ merge: { a: { b: value } } }), '/merge/a/b', 'expected'],
    ),
    [edit({ format: 'json', merge: [] }), '/merge', 'an object'],
    [edit({ format: 'yaml' }), '/merge', 'is required, or patch'],
    [edit({ format: 'yaml', merge: 'a: 1' }), '/merge', 'an object'],
    [edit({ format: 'yaml', ensureLines: ['a: 1'] }), '/ensureLines', 'means nothing for yaml'],
    [edit({ format: 'yaml', merge: { a: 1 }, separator: 'colon' }), '/separator', 'means nothing for yaml'],
    [edit({ format: 'yaml', patch: [{ op: 'add', path: 'a', value: 1 }] }), '/patch/0/path', 'a JSON pointer'],
    [edit({ format: 'toml', merge: { a: 1 } }), '/format', 'json'],
    [patch({ op: 'move', path: '/a' }), '/patch/0/from', 'a JSON pointer'],
    [patch({ op: 'test', path: '/a', value: 1 }, { op: 'put', path: '/a' }), '/patch/1/op', 'one of add, remove'],
    [patch({ op: 'remove', path: 'a' }), '/patch/0/path', 'a JSON pointer'],
    [patch({ op: 'remove', path: '/~2' }), '/patch/0/path', 'a JSON pointer'],
    [patch({ op: 'add', path: '/a' }), '/patch/0/value', 'a value'],
    [edit({ merge: { a: 1 }, check: [''] }), '/check/0', 'expected a program'],
    [edit({ merge: { a: 1 }, check: ['bin/x'] }), '/check/0', 'got a relative path'],
    [edit({ merge: { a: 1 }, apply: ['./x'] }), '/apply/0', 'got a relative path'],
  ],
  'set-log-level': [[{ level: 'configured', forSeconds: 5 }, '/forSeconds', 'means nothing for configured']],
  'write-file': [
    [{ path: '/a', content: '', check: ['./x'] }, '/check/0', 'got a relative path'],
    [{ path: '/a', content: '', apply: [' '] }, '/apply/0', 'expected a program'],
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
