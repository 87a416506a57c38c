/** Conditions as a document has them: what is read, and what is refused with its place. */
import { describe, expect, test } from 'vitest';
import { type Condition, describeCondition } from '../../agent/core/condition.ts';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { JsonValue } from '../../agent/core/json.ts';

test.each<[JsonValue, Condition, string]>([
  [{ architecture: 'ARM64' }, { kind: 'architecture', values: ['arm64'] }, 'architecture arm64'],
  [{ os: ['debian', 'ubuntu'] }, { kind: 'os', values: ['debian', 'ubuntu'] }, 'os debian or ubuntu'],
  [
    { osVersion: '>= 11, < 13' },
    {
      kind: 'osVersion',
      wanted: [
        { sign: '>=', version: '11' },
        { sign: '<', version: '13' },
      ],
    },
    'osVersion >= 11, < 13',
  ],
  [{ kernelVersion: '6.1' }, { kind: 'kernelVersion', wanted: [{ sign: '=', version: '6.1' }] }, 'kernelVersion = 6.1'],
  [
    { agentVersion: '!=0.1.0' },
    { kind: 'agentVersion', wanted: [{ sign: '!=', version: '0.1.0' }] },
    'agentVersion != 0.1.0',
  ],
  [{ package: { name: 'libc6' } }, { kind: 'package', name: 'libc6', wanted: [] }, 'package libc6'],
  [
    { package: { name: 'g++', version: '> 1:2.0~rc1-3+b1' } },
    { kind: 'package', name: 'g++', wanted: [{ sign: '>', version: '1:2.0~rc1-3+b1' }] },
    'package g++ > 1:2.0~rc1-3+b1',
  ],
  [{ freeSpace: { path: '/var', bytes: 5 } }, { kind: 'freeSpace', path: '/var', bytes: 5 }, '5 bytes free at "/var"'],
  [{ fileExists: '/etc/x' }, { kind: 'fileExists', path: '/etc/x' }, 'file "/etc/x"'],
  [
    { not: { any: [{ os: 'a' }, { os: 'b' }] } },
    {
      kind: 'not',
      of: {
        kind: 'any',
        of: [
          { kind: 'os', values: ['a'] },
          { kind: 'os', values: ['b'] },
        ],
      },
    },
    'not (os a or os b)',
  ],
  [
    { os: 'a', architecture: 'arm' },
    {
      kind: 'all',
      of: [
        { kind: 'architecture', values: ['arm'] },
        { kind: 'os', values: ['a'] },
      ],
    },
    'architecture arm and os a',
  ],
  [{ all: [{ os: 'a' }] }, { kind: 'all', of: [{ kind: 'os', values: ['a'] }] }, 'os a'],
])('%j is read, and told in words', (runIf, condition, words) => {
  expect(parse({ operation: 'x', runIf })).toMatchObject({ ok: true, plan: { steps: [{ runIf: condition }] } });
  expect(describeCondition(condition)).toBe(words);
});

describe('a bad condition is REJECTED with its place', () => {
  test.each<[JsonValue, string, RegExp]>([
    ['debian', '', /^expected an object, got a string of length 6$/],
    [{}, '', /^expected at least one of "architecture", "os", .*, got an object$/],
    [{ OS: 'a' }, '/OS', /^unknown member; did you mean "os"\?$/],
    [{ os: [] }, '/os', /^expected 1 to 20 names, got an empty array$/],
    [{ os: Array(21).fill('a') }, '/os', /^expected 1 to 20 names/],
    [{ os: 5 }, '/os', /^expected a string, got the number 5$/],
    [{ os: 'a b' }, '/os', /^expected a name \(a-z A-Z 0-9 \. _ -\), got the string "a b"$/],
    [{ os: ['a', ''] }, '/os/1', /^expected a name/],
    [{ os: 'x'.repeat(129) }, '/os', /^expected a name/],
    [
      { osVersion: 'new' },
      '/osVersion',
      /^expected numbers with dots after =, !=, <, <=, > or >=, several with commas/,
    ],
    [{ osVersion: '1\n2' }, '/osVersion', /^expected numbers with dots/],
    [{ osVersion: '>= ' }, '/osVersion', /^expected numbers with dots/],
    [{ osVersion: '=> 5' }, '/osVersion', /^expected numbers with dots/],
    [{ osVersion: `1${',1'.repeat(64)}` }, '/osVersion', /^expected numbers with dots/],
    [{ kernelVersion: 6 }, '/kernelVersion', /^expected a string, got the number 6$/],
    [{ agentVersion: '1;2' }, '/agentVersion', /^expected numbers/],
    [{ package: 'libc6' }, '/package', /^expected an object/],
    [{ package: {} }, '/package/name', /^expected a string, got nothing$/],
    [{ package: { name: '-rf' } }, '/package/name', /^expected the name of a package .*, got the string "-rf"$/],
    [{ package: { name: 'a*' } }, '/package/name', /^expected the name of a package/],
    [{ package: { name: 'a'.repeat(129) } }, '/package/name', /^expected the name of a package/],
    [{ package: { name: 'a', versoin: '1' } }, '/package/versoin', /did you mean "version"/],
    [{ package: { name: 'a', version: "1'..'" } }, '/package/version', /^expected the version of a package after =/],
    [{ package: { name: 'a', version: '>= -f' } }, '/package/version', /^expected the version of a package/],
    [{ freeSpace: { path: '/var' } }, '/freeSpace/bytes', /^expected a whole number from 1 to /],
    [
      { freeSpace: { path: 'var', bytes: 1 } },
      '/freeSpace/path',
      /^expected an absolute path of at most 4096 characters/,
    ],
    [{ freeSpace: { path: '/v', bytes: 1, unit: 'k' } }, '/freeSpace/unit', /^unknown member/],
    [{ fileExists: '/a/../b' }, '/fileExists', /^expected an absolute path .* without \.\., got/],
    [{ fileExists: '/a\0b' }, '/fileExists', /NUL/],
    [{ fileExists: `/${'a'.repeat(4_096)}` }, '/fileExists', /^expected an absolute path/],
    [{ all: [] }, '/all', /^expected 1 to 20 conditions, got an empty array$/],
    [{ any: { os: 'a' } }, '/any', /^expected an array, got an object$/],
    [{ any: Array(21).fill({ os: 'a' }) }, '/any', /^expected 1 to 20 conditions, got an array$/],
    [{ not: [] }, '/not', /^expected an object, got an empty array$/],
    [{ all: [{ os: 'a' }, { not: { fileExists: 'b' } }] }, '/all/1/not/fileExists', /^expected an absolute path/],
  ])('%j', (runIf, pointer, reason) => {
    const parsed = parse({ steps: [{ operation: 'x', runIf }] });
    if (parsed.ok) throw new Error('accepted');
    expect(parsed.rejection.pointer).toBe(`/steps/0/runIf${pointer}`);
    expect(parsed.rejection.reason).toMatch(reason);
  });
});

describe('conditions of schema 1.0', () => {
  const action = { name: 'n', type: 'runHandler', input: { handler: 'x.sh' } };
  const documentWith = (conditions: JsonValue) => ({
    ...{ version: '1.0', conditions },
    ...{ steps: [{ action }], finalStep: { action } },
  });

  test('hold for every step, the final one included', () => {
    const conditions = [
      { key: 'operatingSystem', value: ['Ubuntu', 'redhat'], type: 'stringEqual' },
      { key: 'operatingSystem', value: 'ubuntu' },
    ];
    const runIf = {
      kind: 'all',
      of: [
        { kind: 'os', values: ['ubuntu', 'redhat', 'rhel'] },
        { kind: 'os', values: ['ubuntu'] },
      ],
    };
    expect(parse(documentWith(conditions))).toMatchObject({ ok: true, plan: { steps: [{ runIf }, { runIf }] } });
  });

  test.each<[JsonValue, string, RegExp]>([
    [{}, '', /^expected an array, got an object$/],
    [['x'], '/0', /^expected an object/],
    [[{ key: 'same', value: ['x'], type: 'stringEqual' }], '/0/key', /^expected "operatingSystem", the only condition/],
    [[{ key: 'operatingSystem', value: ['x'], type: 'regex' }], '/0/type', /^expected "stringEqual", got/],
    [[{ key: 'operatingSystem' }], '/0/value', /^expected a string, got nothing$/],
  ])('that cannot be evaluated are REJECTED: %j', (conditions, pointer, reason) => {
    const parsed = parse(documentWith(conditions));
    if (parsed.ok) throw new Error('accepted');
    expect(parsed.rejection.pointer).toBe(`/conditions${pointer}`);
    expect(parsed.rejection.reason).toMatch(reason);
  });
});

function parse(document: JsonValue) {
  return parseJobDocument(document);
}
