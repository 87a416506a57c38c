import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EditError } from '../../handlers/edit-config/edit-error.ts';
import { editContent } from '../../handlers/edit-config/edit-text.ts';
import { editIni, type IniMembers } from '../../handlers/edit-config/ini-edit.ts';
import { mergeJson } from '../../handlers/edit-config/json-merge.ts';
import { type PatchOperation, patchJson } from '../../handlers/edit-config/json-patch.ts';
import { editLines } from '../../handlers/edit-config/line-edit.ts';
import type { EditConfigParameters } from '../../handlers/edit-config/parameters.ts';
import { checkProperty } from '../fixtures/check-property.ts';
import { problemOf, rfc7396 } from '../fixtures/edit-oracle.ts';

describe('a merge patch', () => {
  // RFC 7396, appendix A: original, patch, result. The patches that are no object are refused by the schema.
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('%s and %s make %s', (original, patch, result) => {
    expect(JSON.parse(merged(original, JSON.parse(patch)))).toEqual(JSON.parse(result));
  });

  test('changes what it names, and no other character', () => {
    const text =
      '{\n\t"big": 12345678901234567890, "f" : 1.0,\n\n\t"a": {\n\t\t"b": [ 1,2 ]\n\t},\r\n\t"z": "\\u00e9"\n}\n';
    expect(merged(text, { a: { b: [1] } })).toBe(text.replace('[ 1,2 ]', '[\n\t\t\t1\n\t\t]'));
    expect(merged(text, { z: null })).toBe(text.replace(',\r\n\t"z": "\\u00e9"', ''));
    expect(merged(text, { big: null })).toBe(text.replace('"big": 12345678901234567890, ', ''));
    expect(merged(text, { a: { b: [1, 2] }, z: 'é', f: 1 })).toBe(text);
  });

  test('a new member is written in the manner of the file', () => {
    expect(merged('{\n    "a": 1\n}\n', { b: { c: [true] } })).toBe(
      '{\n    "a": 1,\n    "b": {\n        "c": [\n            true\n        ]\n    }\n}\n',
    );
    expect(merged('{"a":1}', { b: { c: 2 } })).toBe('{"a":1, "b":{"c":2}}');
    expect(merged('{}\n', { a: 1 })).toBe('{\n  "a": 1\n}\n');
    expect(merged('{\r\n  "a": {}\r\n}\r\n', { a: { b: 1 } })).toBe('{\r\n  "a": {\r\n    "b": 1\r\n  }\r\n}\r\n');
  });

  test('names what is other than before, and no values', () => {
    const text = '{"a":{"b":1,"c":2},"d":3}';
    expect(mergeJson(text, { a: { b: 5, c: 2, e: 'secret' }, d: null }).changed).toEqual(['a.b', 'a.e', 'd']);
  });

  test('of anything does what RFC 7396 says in its own words', () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, 1, 'x', true),
        tie('object'),
        fc.array(tie('value'), { maxLength: 2 }),
      ),
      object: fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'é"\n'), tie('value'), { maxKeys: 3 }),
    }));
    checkProperty(
      fc.property(json.value, json.object, fc.constantFrom(undefined, 2, '\t'), (target, patch, indent) => {
        const text = JSON.stringify(target, null, indent);
        const result = merged(text, patch as Record<string, unknown>);
        expect(JSON.stringify(sorted(JSON.parse(result)))).toBe(
          JSON.stringify(sorted(rfc7396(JSON.parse(text), patch))),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('a patch of operations', () => {
  // RFC 6902, appendix A.
  test.each<[string, string, PatchOperation[], string]>([
    ['A.1', '{"foo":"bar"}', [{ op: 'add', path: '/baz', value: 'qux' }], '{"baz":"qux","foo":"bar"}'],
    ['A.2', '{"foo":["bar","baz"]}', [{ op: 'add', path: '/foo/1', value: 'qux' }], '{"foo":["bar","qux","baz"]}'],
    ['A.3', '{"baz":"qux","foo":"bar"}', [{ op: 'remove', path: '/baz' }], '{"foo":"bar"}'],
    ['A.4', '{"foo":["bar","qux","baz"]}', [{ op: 'remove', path: '/foo/1' }], '{"foo":["bar","baz"]}'],
    ['A.5', '{"baz":"qux","foo":"bar"}', [{ op: 'replace', path: '/baz', value: 'boo' }], '{"baz":"boo","foo":"bar"}'],
    [
      'A.6',
      '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
    ],
    [
      'A.7',
      '{"foo":["all","grass","cows","eat"]}',
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      '{"foo":["all","cows","eat","grass"]}',
    ],
    [
      'A.8',
      '{"baz":"qux","foo":["a",2,"c"]}',
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      '{"baz":"qux","foo":["a",2,"c"]}',
    ],
    ['A.10', '{"foo":"bar"}', [{ op: 'add', path: '/child', value: { g: {} } }], '{"foo":"bar","child":{"g":{}}}'],
    ['A.14', '{"/":9,"~1":10}', [{ op: 'test', path: '/~01', value: 10 }], '{"/":9,"~1":10}'],
    ['A.16', '{"foo":["bar"]}', [{ op: 'add', path: '/foo/-', value: ['a'] }], '{"foo":["bar",["a"]]}'],
    ['the whole', '[1]', [{ op: 'replace', path: '', value: { a: 1 } }], '{"a":1}'],
    ['a copy', '{"a":{"b":[1]}}', [{ op: 'copy', from: '/a/b', path: '/c' }], '{"a":{"b":[1]},"c":[1]}'],
    ['the only item', '{"a":[1]}', [{ op: 'remove', path: '/a/0' }], '{"a":[]}'],
    ['an item into an empty array', '{"a":[]}', [{ op: 'add', path: '/a/0', value: 1 }], '{"a":[1]}'],
    ['a member named __proto__', '{"a":1}', [{ op: 'add', path: '/__proto__', value: 1 }], '{"a":1,"__proto__":1}'],
  ])('%s', (_, original, operations, result) => {
    for (const indent of [undefined, 4]) {
      const text = JSON.stringify(JSON.parse(original), null, indent);
      const patched = patchJson(text, operations).text;
      expect(JSON.stringify(sorted(JSON.parse(patched)))).toBe(JSON.stringify(sorted(JSON.parse(result))));
    }
  });

  test.each<[string, PatchOperation[], string]>([
    ['A.9', [{ op: 'test', path: '/baz', value: 'bar' }], 'operation 1 (test /baz): the file has another value there'],
    ['A.12', [{ op: 'add', path: '/no/bat', value: 1 }], 'operation 1 (add /no/bat): there is no /no'],
    ['A.15', [{ op: 'test', path: '/ten', value: '10' }], 'operation 1 (test /ten): the file has another value there'],
    [
      'the second one',
      [
        { op: 'remove', path: '/baz' },
        { op: 'remove', path: '/baz' },
      ],
      'operation 2 (remove /baz): there is no /baz',
    ],
    ['an index past the end', [{ op: 'add', path: '/list/3', value: 1 }], 'the array has 2 items, and no place 3'],
    ['a leading zero', [{ op: 'remove', path: '/list/01' }], 'there is no /list/01'],
    ['- to remove', [{ op: 'remove', path: '/list/-' }], 'there is no /list/-'],
    ['something into a string', [{ op: 'add', path: '/baz/a', value: 1 }], 'neither an object nor an array'],
    ['the whole', [{ op: 'remove', path: '' }], 'the whole cannot be removed'],
    ['a move into itself', [{ op: 'move', from: '/obj', path: '/obj/a' }], 'cannot be moved into itself'],
  ])('%s fails, and says where', (_, operations, message) => {
    const text = '{"baz":"qux","ten":10,"list":[1,2],"obj":{}}';
    expect(problemOf(() => patchJson(text, operations))).toMatchObject({ code: 'CONFIG_CHANGE_IMPOSSIBLE' });
    expect(problemOf(() => patchJson(text, operations)).message).toContain(message);
  });
});

test.each([
  ['{"a":1,}', 'line 1, column 8: expected a name in double quotes'],
  ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: expected a comma or }'],
  ['// comment\n{}', 'line 1, column 1: expected a value'],
  ['{"a":01}', 'line 1, column 6: expected a value'],
  ['{"a":1} x', 'line 1, column 9: expected nothing after the value'],
  ['{"a":\n', 'line 2, column 1: expected a value, and the file ends'],
  ['{"a":1,"a":2}', 'line 1, column 8: expected each name once, and "a" is there already'],
  ['', 'line 1, column 1: expected a value, and the file is empty'],
  ['['.repeat(500), 'expected no more than 200 levels'],
])('what is no JSON is told by line and column: %j', async (text, message) => {
  const error = await contentProblemOf(Buffer.from(text), { path: 'x', format: 'json', merge: { a: 1 } });
  expect(error.code).toBe('CONFIG_NOT_PARSED');
  expect(error.message).toContain(message);
});

const JOURNALD = `# Comment at the top

[Journal]
#Storage=auto
#SystemMaxUse=
Compress=yes
; about the next one
RateLimitBurst = 1000

# about Other
[Other]
key=a
`;

test('copies of copies have an end', () => {
  const operations = Array.from({ length: 64 }, (_, index) => ({ op: 'copy', from: '', path: `/x${index}` }) as const);
  expect(() => patchJson(JSON.stringify({ a: 'a'.repeat(600_000) }), operations)).toThrow(
    'it makes the file longer than 2097152 characters',
  );
});

describe('an ini file', () => {
  test('keys are set where they are commented out, where they are, or behind the last one', () => {
    const edited = ini(JOURNALD, {
      Journal: { Storage: 'persistent', RateLimitBurst: 5, SystemMaxUse: '64M', New: true },
    });
    expect(edited.text).toBe(`# Comment at the top

[Journal]
#Storage=auto
Storage=persistent
#SystemMaxUse=
SystemMaxUse=64M
Compress=yes
; about the next one
RateLimitBurst = 5
New=true

# about Other
[Other]
key=a
`);
    expect(edited.changed).toEqual([
      '[Journal] Storage',
      '[Journal] RateLimitBurst',
      '[Journal] SystemMaxUse',
      '[Journal] New',
    ]);
  });

  test('null removes a key, or a section with what is in it', () => {
    expect(ini(JOURNALD, { Journal: { Compress: null }, Other: null }).text).toBe(
      JOURNALD.replace('Compress=yes\n', '').replace('[Other]\nkey=a\n', ''),
    );
    expect(ini(JOURNALD, { Journal: null }).text).toBe('# Comment at the top\n\n# about Other\n[Other]\nkey=a\n');
    expect(ini(JOURNALD, { Journal: { NotThere: null }, Neither: null })).toEqual({ text: JOURNALD, changed: [] });
  });

  test('a section that is not there is added at the end', () => {
    expect(ini('[a]\nb=1', { New: { c: 2 } }).text).toBe('[a]\nb=1\n\n[New]\nc=2\n');
    expect(ini('', { New: { c: 2 } }).text).toBe('[New]\nc=2\n');
  });

  test('a section with nothing in it takes its first key', () => {
    expect(ini('[a]\n\n[b]\nx=1\n', { a: { k: 'v' } }).text).toBe('[a]\nk=v\n\n[b]\nx=1\n');
    expect(ini('[a]\n# note\n', { a: { k: 'v' } }).text).toBe('[a]\n# note\nk=v\n');
    expect(ini('# top\n\n# of a\n[a]\nx=1\n', { k: 'v' }).text).toBe('# top\nk=v\n\n# of a\n[a]\nx=1\n');
  });

  test('a key several times is set by a list, and one value for it is refused', () => {
    const text = '[Service]\nExecStartPre=/bin/a\nType=simple\nExecStartPre=/bin/b\n';
    expect(ini(text, { Service: { ExecStartPre: ['/bin/c', '/bin/d', '/bin/e'] } }).text).toBe(
      '[Service]\nExecStartPre=/bin/c\nExecStartPre=/bin/d\nExecStartPre=/bin/e\nType=simple\n',
    );
    expect(ini(text, { Service: { ExecStartPre: ['/bin/a', '/bin/b'] } }).changed).toEqual([]);
    expect(ini(text, { Service: { ExecStartPre: null } }).text).toBe('[Service]\nType=simple\n');
    const error = problemOf(() => ini(text, { Service: { ExecStartPre: '/bin/c' } }));
    expect(error).toMatchObject({ code: 'CONFIG_CHANGE_IMPOSSIBLE' });
    expect(error.message).toBe('[Service] ExecStartPre is there 2 times (lines 2, 4); give a list of all values');
  });

  test('a section several times is refused', () => {
    const error = problemOf(() => ini('[Peer]\na=1\n[Peer]\na=2\n', { Peer: { a: 3 } }));
    expect(error.message).toBe('there are 2 sections [Peer]');
  });

  test('lines that continue a value go with it', () => {
    const text = '[Service]\nExecStart=/bin/a \\\n  --one \\\n  --two\nType=simple\n';
    expect(ini(text, { Service: { ExecStart: '/bin/b' } }).text).toBe('[Service]\nExecStart=/bin/b\nType=simple\n');
  });

  test('a megabyte of lines that continue each other is one entry', () => {
    const text = `a=${'\\\n'.repeat(300_000)}x\n`;
    expect(editIni(text, { b: '1' }, '=').text).toBe(`${text}b=1\n`);
  });

  test('line ends, a missing one at the end, and a byte order mark stay', async () => {
    expect(ini('a=1\r\nb=2\r\n', { b: 3 }).text).toBe('a=1\r\nb=3\r\n');
    const marked = await editContent(Buffer.from('\ufeffa=1\n'), { path: 'x', format: 'ini', merge: { a: 2 } });
    expect(marked.content.toString()).toBe('\ufeffa=2\n');
  });

  test('keys with white space or a colon between, as in sshd_config and others', () => {
    const sshd = '#Port 22\nPermitRootLogin yes\nSubsystem\tsftp internal-sftp\n';
    expect(editIni(sshd, { PermitRootLogin: 'no', Port: 2222, Subsystem: 'sftp /x' }, ' ').text).toBe(
      '#Port 22\nPort 2222\nPermitRootLogin no\nSubsystem\tsftp /x\n',
    );
    expect(editIni('a: 1\n', { b: 'x' }, ':').text).toBe('a: 1\nb: x\n');
    expect(editIni('rtcsync\n', { rtcsync: null }, ' ').text).toBe('');
  });

  test.each([
    ['[a]\nb=1\n  no such thing here\n', 'line 3, column 3: expected a key, "=" and a value'],
    ['key: value\n', 'line 1, column 1: expected a key, "=" and a value'],
    ['=value\n', 'line 1, column 1'],
    ['[open\n', 'line 1, column 1'],
  ])('%j is none, and is told where', (text, message) => {
    const error = problemOf(() => ini(text, { a: { b: 1 } }));
    expect(error.code).toBe('CONFIG_NOT_PARSED');
    expect(error.message).toContain(message);
  });

  test('git reads what was set, and all the rest as before', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edit-config-git-'));
    const file = join(folder, 'config');
    const git = async (...args: string[]) =>
      (await promisify(execFile)('git', ['config', '--file', file, ...args])).stdout.trim().split('\n');
    await writeFile(file, '[core]\n\tbare = false\n; note\n[remote "a.b"]\n\turl = u\n\tfetch = one\n\tfetch = two\n');
    const before = await git('--list');
    const { text } = ini(await readFile(file, 'utf8'), {
      core: { pager: 'cat', bare: true },
      'remote "a.b"': { fetch: ['three'] },
      user: { email: 'a@example.com' },
    });
    await writeFile(file, text);
    expect(before).toEqual(['core.bare=false', 'remote.a.b.url=u', 'remote.a.b.fetch=one', 'remote.a.b.fetch=two']);
    expect(await git('--list')).toEqual([
      'core.bare=true',
      'core.pager=cat',
      'remote.a.b.url=u',
      'remote.a.b.fetch=three',
      'user.email=a@example.com',
    ]);
    await rm(folder, { recursive: true });
  });

  test('set once is set: whatever it is, a second time changes nothing, and comments stay', () => {
    const key = fc.constantFrom('a', 'b', 'c d', 'é');
    const value = fc.constantFrom('1', 'x y', 'q="#;"', '', 'a=b');
    const line = fc.oneof(
      fc.constantFrom('', '# note', ';a=1', '[s]', '[t]'),
      fc.tuple(key, fc.constantFrom('=', ' = '), value).map((parts) => parts.join('')),
    );
    const members = fc.dictionary(
      fc.constantFrom('s', 't', 'u'),
      fc.dictionary(key, fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 }), fc.constant(null))),
    );
    checkProperty(
      fc.property(fc.array(line, { maxLength: 12 }), members, (lines, change) => {
        const text = lines.map((entry) => `${entry}\n`).join('');
        let once: string;
        try {
          once = ini(text, change).text;
        } catch (error) {
          expect((error as EditError).code).toBe('CONFIG_CHANGE_IMPOSSIBLE');
          return;
        }
        expect(ini(once, change)).toEqual({ text: once, changed: [] });
        const comments = (of: string) => of.split('\n').filter((entry) => /^[#;]/.test(entry)).length;
        expect(comments(once)).toBe(comments(text));
      }),
      { numRuns: 500 },
    );
  });
});

describe('lines', () => {
  test('are added at the end once, and removed wherever they are', () => {
    const text = 'a\nb  \nc\nb\n';
    expect(editLines(text, { ensureLines: ['c', 'd'], removeLines: ['b'] })).toEqual({
      text: 'a\nc\nd\n',
      changed: ['2 lines removed', '1 lines added'],
    });
    expect(editLines('a', { ensureLines: ['b'], removeLines: [] }).text).toBe('a\nb\n');
    const hosts = '127.0.0.1\tlocalhost\n10.0.0.1  old\n';
    expect(editLines(hosts, { ensureLines: ['127.0.0.1 localhost'], removeLines: ['10.0.0.1 old'] }).text).toBe(
      '127.0.0.1\tlocalhost\n',
    );
    expect(editLines('a', { ensureLines: ['a'], removeLines: ['x'] })).toEqual({ text: 'a', changed: [] });
    expect(editLines('a\r\n', { ensureLines: ['b'], removeLines: [] }).text).toBe('a\r\nb\r\n');
  });
});

test.each([
  ['null bytes', Buffer.from('a=1\0\n'), 'null bytes'],
  ['another encoding', Buffer.from([0x61, 0x3d, 0x31, 0x0a, 0x62, 0x3d, 0xe9, 0x0a]), 'line 2, column 3'],
])('a file with %s is told as none of ours', async (_, content, message) => {
  const error = await contentProblemOf(content, { path: 'x', format: 'ini', merge: { a: 1 } });
  expect(error.code).toBe('CONFIG_UNSUITABLE');
  expect(error.message).toContain(message);
});

function merged(text: string, patch: Record<string, unknown>): string {
  return mergeJson(text, patch).text;
}

function ini(text: string, members: IniMembers) {
  return editIni(text, members, '=');
}

async function contentProblemOf(content: Buffer, parameters: EditConfigParameters): Promise<EditError> {
  const result = await editContent(content, parameters).catch((error: unknown) => error);
  if (result instanceof EditError) return result;
  throw new Error('it was no problem', { cause: result });
}

/** Members in the order of their names, to compare what has no order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}
