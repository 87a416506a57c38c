import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as yaml from 'yaml';
import { EditError } from '../../handlers/edit-config/edit-error.ts';
import { editContent } from '../../handlers/edit-config/edit-text.ts';
import { mergeJson } from '../../handlers/edit-config/json-merge.ts';
import { type PatchOperation, patchJson } from '../../handlers/edit-config/json-patch.ts';
import { yamlText } from '../../handlers/edit-config/yaml-text.ts';
import { problemOf, rfc7396 } from '../fixtures/edit-oracle.ts';

const format = yamlText(yaml);
const PYTHON = '/usr/bin/python3'; // Debian's, which python3-yaml belongs to
const hasPyYaml = spawnSync(PYTHON, ['-c', 'import yaml']).status === 0;
const hasNetplan = spawnSync('netplan', ['--help']).status === 0;

const NETPLAN = `# written by hand
network:
  version: 2   # always
  renderer: networkd

  ethernets:
    eth0:
      dhcp4: yes
      addresses: [10.0.0.2/24, "10.0.0.3/24"]  # two
      nameservers:
          search: [lan]
          addresses:
          - 1.1.1.1
          # the second
          - 8.8.8.8
      routes:
      - to: default
        via: 10.0.0.1   # the gateway
      - to: 10.1.0.0/16
        via: 10.0.0.9
# the end
`;
/** As Home Assistant has it: tags of its own. */
const HOME = `homeassistant:
  name: Home
  password: !secret web_password # of secrets.yaml
automation: !include automations.yaml
sensor:
  - platform: mqtt
    name: "Temperature"
    state_topic: home/t
`;
const ALIASES = `defaults: &defaults
  retries: 3
  tls: {ca: &ca /etc/ca.pem}
one:
  <<: *defaults
  host: a
two: *defaults
three: {ca: *ca}
`;

describe('a merge patch', () => {
  test('changes what it names, and no other character', () => {
    expect(merged(NETPLAN, { network: { ethernets: { eth0: { dhcp4: false } } } })).toBe(
      NETPLAN.replace('dhcp4: yes', 'dhcp4: false'),
    );
    expect(merged(NETPLAN, { network: { renderer: null } })).toBe(NETPLAN.replace('  renderer: networkd\n', ''));
    expect(merged(NETPLAN, { network: { ethernets: { eth0: { nameservers: { addresses: ['9.9.9.9'] } } } } })).toBe(
      NETPLAN.replace(/addresses:\n {10}- 1[^r]*8\.8\n/, 'addresses:\n          - 9.9.9.9\n'),
    );
    expect(merged(HOME, { homeassistant: { password: 'p' } })).toBe(HOME.replace('!secret web_password', 'p'));
    expect(merged(NETPLAN, { network: { version: 2, renderer: 'networkd' } })).toBe(NETPLAN);
  });

  test('what is new is written in the manner of the file', () => {
    expect(merged(NETPLAN, { network: { ethernets: { eth1: { dhcp4: true, addresses: ['10.9.0.1/8'] } } } })).toBe(
      NETPLAN.replace('# the end', '    eth1:\n      dhcp4: true\n      addresses:\n      - 10.9.0.1/8\n# the end'),
    );
    expect(merged('a:\n    b: 1\n', { c: { d: [1, { e: {} }] } })).toBe(
      'a:\n    b: 1\nc:\n    d:\n        - 1\n        - e: {}\n',
    );
    expect(merged('{a: 1, b: [x]}\n', { b: ['v', { z: 1 }], c: null, d: { e: 'f, g' } })).toBe(
      '{a: 1, b: [v, {z: 1}], d: {e: "f, g"}}\n',
    );
    expect(merged('a: 1\r\nb: 2\r\n', { b: { c: 1 }, d: 1 })).toBe('a: 1\r\nb:\r\n  c: 1\r\nd: 1\r\n');
    expect(merged('a: 1', { b: 2 })).toBe('a: 1\nb: 2\n');
    expect(merged('# a comment\n', { b: 2 })).toBe('# a comment\nb: 2\n');
    expect(merged('', { b: 2 })).toBe('b: 2\n');
    expect(merged('---\na: 1\n...\n', { b: 2 })).toBe('---\na: 1\nb: 2\n...\n');
  });

  test('a value changes its kind, and the comments beside it stay', () => {
    expect(merged('a: 5 # note\nz: 1\n', { a: { b: 1 } })).toBe('a: # note\n  b: 1\nz: 1\n');
    expect(merged('a: # note\n  b: 1\nz: 1\n', { a: 5 })).toBe('a: 5 # note\nz: 1\n');
    expect(merged('a:\nz: 1\n', { a: { b: 1 } })).toBe('a:\n  b: 1\nz: 1\n');
    expect(merged('a:\n  b: 1\n  # c\nz: 1\n', { a: { b: null } })).toBe('a: {}\n  # c\nz: 1\n');
    expect(merged('a: {}\n', { a: { b: { c: 1 } } })).toBe('a:\n  b:\n    c: 1\n');
    expect(merged('a: |\n  one\n  two\n\nb: >-\n  x\n', { a: 'k', b: 'l\nm' })).toBe('a: k\n\nb: "l\\nm"\n');
    expect(merged('a: "x\n  y"\nb: plain\n  more\n', { a: 1, b: null })).toBe('a: 1\n');
  });

  test.each<[string, unknown, string]>([
    ['a: yes', 'yes', 'a: "yes"'],
    ['a: "yes"', 'yes', 'a: "yes"'],
    ['a: on', true, 'a: true'],
    ['a: 0644', 644, 'a: 644'],
    ['a: x', '0644', 'a: "0644"'],
    ['a: x', '1:30', 'a: "1:30"'],
    ['a: x', '2001-01-01', 'a: "2001-01-01"'],
    ['a: x', 'n', 'a: "n"'],
    ['a: x', '~', 'a: "~"'],
    ['a: x', '', 'a: ""'],
    ['a: x', '1_000', 'a: "1_000"'],
    ['a: x', '<<', 'a: "<<"'],
    ['a: x', ' x', 'a: " x"'],
    ['a: x', 'b: c # d', 'a: "b: c # d"'],
    ['a: x', '\u2028\u007fä', 'a: "\\u2028\\u007fä"'],
    ['a: x', 1e21, 'a: 1.0e+21'],
    ['a: x', 1e-7, 'a: 1.0e-7'],
    ['a: x', 'two words', 'a: two words'],
    ['a: x', '10.0.0.1/8', 'a: 10.0.0.1/8'],
    ['a: x', '1.5', 'a: "1.5"'],
  ])('%s set to %j is read alike by every version of YAML: %s', (text, value, result) => {
    expect(merged(`${text}\n`, { a: value })).toBe(`${result}\n`);
  });
});

test('operations reach into lists', () => {
  const routes = '/network/ethernets/eth0/routes';
  expect(
    patched(NETPLAN, [
      { op: 'test', path: `${routes}/0/to`, value: 'default' },
      { op: 'add', path: `${routes}/0`, value: { to: '10.2.0.0/16', via: '10.0.0.7' } },
      { op: 'remove', path: `${routes}/2/to` },
      { op: 'add', path: '/network/ethernets/eth0/addresses/-', value: '::1/128' },
      { op: 'add', path: '/network/ethernets/eth0/nameservers/addresses/1', value: '4.4.4.4' },
      { op: 'move', from: '/network/renderer', path: '/network/ethernets/eth0/renderer' },
      { op: 'copy', from: '/network/version', path: '/copied' },
    ]),
  ).toBe(
    NETPLAN.replace('  renderer: networkd\n', '')
      .replace('"10.0.0.3/24"]', '"10.0.0.3/24", "::1/128"]')
      .replace('          # the second', '          - 4.4.4.4\n          # the second')
      .replace('      - to: default', '      - to: 10.2.0.0/16\n        via: 10.0.0.7\n      - to: default')
      .replace('- to: 10.1.0.0/16\n        via: 10.0.0.9\n', '- via: 10.0.0.9\n      renderer: networkd\n')
      .replace('# the end', 'copied: 2\n# the end'),
  );
  expect(patched('- a: 1\n  # about b\n  b: 2\n', [{ op: 'remove', path: '/0/a' }])).toBe('-\n  # about b\n  b: 2\n');
  expect(patched('-   - x\n    - y\n', [{ op: 'add', path: '/0/0', value: 'f' }])).toBe('-   - f\n    - x\n    - y\n');
  expect(patched('a:\n- x\n', [{ op: 'remove', path: '/a/0' }])).toBe('a: []\n');
  expect(patched('- x\n', [{ op: 'replace', path: '/0', value: { a: [1] } }])).toBe('- a:\n    - 1\n');
});

describe('what stands for something else', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ defaults: { retries: 4 } }, 'defaults.retries belongs to the anchor defaults'],
    [{ defaults: null }, 'defaults belongs to the anchor defaults'],
    [{ defaults: { tls: { new: 1 } } }, 'defaults.tls belongs to the anchor defaults'],
    [{ two: { retries: 4 } }, 'two is an alias of defaults, and cannot be merged with an object'],
    [{ one: { retries: null } }, 'one.retries may come from the merge key <<'],
    [{ one: { tls: { ca: 'x' } } }, 'one.tls may come from the merge key <<'],
    [{ one: { '<<': null } }, 'one.<< is a merge key of YAML'],
  ])('is not changed unseen: %j', (patch, message) => {
    const error = problemOf(() => merged(ALIASES, patch));
    expect(error).toMatchObject({ code: 'CONFIG_CHANGE_IMPOSSIBLE', message: expect.stringContaining(message) });
  });

  test('is left alone, and what is beside it can be changed', () => {
    expect(merged(ALIASES, { one: { host: 'b', retries: 5 }, two: 'own', three: { ca: '/x' } })).toBe(
      ALIASES.replace('host: a', 'host: b\n  retries: 5').replace('two: *defaults', 'two: own').replace('*ca}', '/x}'),
    );
    expect(merged('a: &unused 1\nb: 2\n', { a: 3 })).toBe('a: 3\nb: 2\n');
    const error = problemOf(() => patched(ALIASES, [{ op: 'copy', from: '/two', path: '/four' }]));
    expect(error.message).toMatch(/^operation 1 \(copy \/four\): .*alias/);
  });

  test('a tag is another value, whatever is behind it', () => {
    expect(merged(HOME, { automation: 'automations.yaml' })).toBe(HOME.replace('!include ', ''));
    expect(merged('a: !!str 1\n', { a: '1' })).toBe('a: "1"\n');
    expect(problemOf(() => merged('a: !thing {b: 1}\n', { a: { b: 2 } })).message).toContain('a is tagged !thing');
    const text = 'l: [!x a, b]\n';
    expect(problemOf(() => patched(text, [{ op: 'replace', path: '/l/0', value: 1 }])).code).toBe(
      'CONFIG_CHANGE_IMPOSSIBLE',
    );
    expect(patched(text, [{ op: 'remove', path: '/l/1' }])).toBe('l: [!x a]\n');
  });

  test('a file of ten aliases of ten aliases is edited as any other', () => {
    const lines = ['a0: &a0 [lol, lol]'];
    for (let level = 1; level < 40; level++) {
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    }
    expect(merged(`${lines.join('\n')}\nx: 1\n`, { x: 2 })).toBe(`${lines.join('\n')}\nx: 2\n`);
  });
});

describe('a file that is not edited', () => {
  test.each([
    ['a: 1\na: 2\n', 'line 2, column 1: expected each name once, and "a" is there already'],
    ['a: 1\n"a": 2\n', 'line 2, column 1: expected each name once'],
    ['a: [1\nb: 2\n', 'line 2, column 1: no YAML'],
    ['a: "x\n', 'no YAML'],
    ['\ta: 1\n', 'line 1, column 1: no YAML'],
    ['a: *none\n', 'line 1, column 4: an alias of what does not stand before it'],
    ['a: *x\nb: &x 1\n', 'line 1, column 4: an alias'],
    [`${'['.repeat(500)}${']'.repeat(500)}`, 'expected no more than 200 levels'],
    [`${'- '.repeat(300)}x`, 'expected no more than 200 levels'],
    ['['.repeat(100_000), 'no YAML'],
    ['a: b: secret\n', 'no YAML'],
    ['key=secret\nother=1\n', 'line 1, column 1: expected names and values, and the file is one text'],
    ['!tag\na: 1\n', 'expected names and values'],
  ])('is told by line and column, without what is in it: %j', (text, message) => {
    const error = problemOf(() => merged(text, { z: 1 }));
    expect(error).toMatchObject({ code: 'CONFIG_NOT_PARSED', message: expect.stringContaining(message) });
    expect(error.message).not.toContain('secret');
  });

  test.each<[string, string, Record<string, unknown>, string]>([
    ['several documents', 'a: 1\n---\nb: 1\n', { a: 2 }, 'it has 2 documents'],
    ['a key of another kind', '? a\n: 1\n', { a: 2 }, 'cannot be changed'],
    ['a text that the new line would become a part of', 'a: |+\n  x\n\n', { b: 1 }, 'cannot be changed'],
  ])('%s', (_, text, patch, message) => {
    const error = problemOf(() => merged(text, patch));
    expect(error).toMatchObject({ code: 'CONFIG_CHANGE_IMPOSSIBLE', message: expect.stringContaining(message) });
  });

  test('is larger than what can be read at once', async () => {
    const content = Buffer.from(`a: ${'x'.repeat(128 * 1024)}\n`);
    const edit = editContent(content, { path: 'x', format: 'yaml', merge: { a: 1 } });
    await expect(edit).rejects.toMatchObject({ code: 'CONFIG_UNSUITABLE' });
  });

  test('many names are read in no time worth a word', () => {
    const text = Array.from({ length: 10_000 }, (_, n) => `n${n}: 1\n`).join('');
    expect(merged(text, { n9999: 2 })).toBe(text.replace('n9999: 1', 'n9999: 2'));
  });
});

/** Files as people write them: each layout of a value, comments, aliases. */
const documents = fc
  .array(
    fc.constantFrom(
      'plain: text',
      '# a comment',
      '',
      'number: 5 # note',
      'yes: yes',
      "\"quoted name\": 'it''s'",
      'map:\n  a: 1 # one\n  # between\n  b:\n    c: [x, {d: e}]\n',
      'odd:\n      a: 1\n      list:\n      - 1\n      -   x: 2\n          y: 3\n',
      'list:\n  - a\n  # about b\n  - b: 1\n    c: |\n      text\n\n      more\n  -\n    - deep\n    - {q: 1}\n',
      'flow: {a: 1, "b": [1, 2,], c: }',
      'multi: {\n  a: 1, # one\n  b: 2\n}',
      'block: |-\n  text # no comment\n   indented\n',
      'folded: >\n  a\n  b\n\n',
      'double: "a\\n\n  b"',
      'anchored: &x {a: 1}\naliased: [*x, 2]',
      'empty:',
      'nothing: ~',
      'tight:\n- 1\n- 2',
    ),
    { maxLength: 10 },
  )
  .map((parts) => `${[...new Set(parts)].join('\n')}\n`);
const names = fc.constantFrom(
  'plain',
  'map',
  'list',
  'flow',
  'odd',
  'a',
  'b',
  'c',
  'list',
  'multi',
  'yes',
  'empty',
  'new',
  'on',
);
const scalars = fc.constantFrom<unknown>(
  null,
  1,
  -2.5,
  true,
  '',
  'text',
  'yes',
  '0x10',
  'a: b',
  'l\nm',
  '- x',
  '1e3',
  'é',
  '{',
  '*x',
  '!t',
  '%',
  '@',
);
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalars,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3 }),
  ),
}));
const patches = fc.dictionary(names, values, { minKeys: 1, maxKeys: 3 }) as fc.Arbitrary<Record<string, unknown>>;

interface Edited {
  readonly before: string;
  readonly after: string;
  readonly patch: Record<string, unknown>;
}

/** What could be edited; the rest was refused. */
function editsOf(count: number): readonly Edited[] {
  const samples = fc.sample(fc.tuple(documents, patches), { numRuns: count, seed: 7 });
  return samples.flatMap(([before, patch]) => {
    try {
      return [{ before, patch, after: merged(before, patch) }];
    } catch (error) {
      if (error instanceof EditError && error.code === 'CONFIG_CHANGE_IMPOSSIBLE') return [];
      throw error;
    }
  });
}

const EDITS = 600;

test.skipIf(!hasPyYaml)('PyYAML reads what was to be, of anything', () => {
  const edits = editsOf(EDITS);
  expect(edits.length).toBeGreaterThan(EDITS * 0.7);
  const code = `
import json, sys, yaml
def shown(value):
    if isinstance(value, dict): return {'yes' if key is True else str(key): shown(each) for key, each in value.items()}
    if isinstance(value, list): return [shown(each) for each in value]
    return value
json.dump([[shown(yaml.safe_load(text)) for text in pair] for pair in json.load(sys.stdin)], sys.stdout)`;
  const input = JSON.stringify(edits.map(({ before, after }) => [before, after]));
  const python = spawnSync(PYTHON, ['-c', code], { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  expect(python.stderr).toBe('');
  const read = JSON.parse(python.stdout) as readonly (readonly [unknown, unknown])[];
  for (const [index, { before, after, patch }] of edits.entries()) {
    const [old, now] = read[index] ?? [];
    expect({ before, patch, after, now }).toEqual({ before, patch, after, now: rfc7396(old, patch) });
  }
});

test('no comment of a line that is not replaced is lost', () => {
  for (const { before, after, patch } of editsOf(200)) {
    if (Object.values(patch).some((value) => value === null || typeof value === 'object')) continue;
    for (const comment of before.match(/^# a comment$/gm) ?? []) expect(after).toContain(comment);
    if (!('map' in patch)) expect(after.includes('# between')).toBe(before.includes('# between'));
  }
});

test('made again, an edit changes nothing', () => {
  for (const { after, patch } of editsOf(200)) expect(merged(after, patch)).toBe(after);
});

test.skipIf(!hasNetplan)('netplan reads what was set, and all the rest as before', async () => {
  const root = await mkdtemp(join(tmpdir(), 'edit-config-netplan-'));
  await mkdir(join(root, 'etc/netplan'), { recursive: true });
  const file = join(root, 'etc/netplan/01-all.yaml');
  const ask = (...args: string[]) => spawnSync('netplan', [...args, '--root-dir', root], { encoding: 'utf8' });
  const networkd = () => readFile(join(root, 'run/systemd/network/10-netplan-eth0.network'), 'utf8');
  await writeFile(file, NETPLAN);
  await chmod(file, 0o600);
  expect(ask('generate')).toMatchObject({ status: 0, stderr: '' });
  const before = await networkd();
  expect(before).toContain('DHCP=ipv4');
  const edited = await editContent(Buffer.from(NETPLAN), {
    path: file,
    format: 'yaml',
    merge: { network: { ethernets: { eth0: { dhcp4: false, mtu: 1400, nameservers: { search: ['lan', 'on'] } } } } },
    patch: [{ op: 'add', path: '/network/ethernets/eth0/routes/-', value: { to: '10.7.0.0/16', via: '10.0.0.7' } }],
  });
  await writeFile(file, edited.content);
  expect(ask('generate')).toMatchObject({ status: 0, stderr: '' });
  const after = await networkd();
  for (const line of [
    'MTUBytes=1400',
    'Domains=lan on',
    'Destination=10.7.0.0/16',
    'DNS=8.8.8.8',
    'Address=10.0.0.3/24',
  ]) {
    expect(after).toContain(line);
  }
  expect(after).not.toContain('DHCP=');
  await rm(root, { recursive: true });
});

test('an edit names what is other than before, and no values', async () => {
  const { content, changed } = await editContent(Buffer.from(`\ufeff${HOME}`), {
    path: 'x',
    format: 'yaml',
    merge: { homeassistant: { name: 'Home', password: 'secret' } },
    patch: [{ op: 'replace', path: '/sensor/0/name', value: 'T' }],
  });
  expect(changed).toEqual(['homeassistant.password', '/sensor/0/name']);
  expect(content.toString()).toBe(
    `\ufeff${HOME.replace('!secret web_password', 'secret').replace('"Temperature"', 'T')}`,
  );
});

function merged(text: string, patch: Record<string, unknown>): string {
  return mergeJson(text, patch, format).text;
}

function patched(text: string, operations: readonly PatchOperation[]): string {
  return patchJson(text, operations, format).text;
}
