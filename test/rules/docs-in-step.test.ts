import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EXIT, USAGE } from '../../agent/cli/usage.ts';
import { loadConfig } from '../../agent/config/load.ts';
import { SETTINGS } from '../../agent/config/setting.ts';
import { JOURNAL_ERROR_CODES, REASON_CODES, TRANSPORT_ERROR_CODES } from '../../agent/errors.ts';
import { GENERATED_FILES, withSettingsBlock } from '../../scripts/docs/generated-files.ts';
import { renderLifecyclePage } from '../../scripts/docs/lifecycle-docs.ts';
import { PHASE_RULES } from '../../scripts/docs/phase-rules.ts';
import { reasonCodeViolations } from './reason-code-rules.ts';
import { parseSource, readSources } from './source-file.ts';

const root = new URL('../../', import.meta.url);

describe('this repository', () => {
  for (const [path, render] of Object.entries(GENERATED_FILES)) {
    test(`${path} is what the code says (else: npm run docs)`, async () => {
      expect(await readFile(new URL(path, root), 'utf8')).toBe(render());
    });
  }

  test('the settings in README.md are what the code says', async () => {
    const readme = await readFile(new URL('README.md', root), 'utf8');
    expect(readme).toContain('<!-- settings:start -->\n');
    expect(withSettingsBlock(readme)).toBe(readme);
  });

  test('the diagram in README.md has every phase', async () => {
    const readme = await readFile(new URL('README.md', root), 'utf8');
    const diagram = /```mermaid\nstateDiagram-v2\n(.*?)```/s.exec(readme)?.[1] ?? '';
    const fullNames = new Map(
      [...diagram.matchAll(/state "([a-z-]+)" as (\w+)/g)].map(([, name, short]) => [short, name]),
    );
    const arrows = [...diagram.matchAll(/^ +(\S+) --> (\S+) : \S/gm)];
    const drawn = arrows.flatMap(([, from, to]) => [from, to]).filter((name) => name !== '[*]');
    const names = new Set(drawn.map((name) => fullNames.get(name) ?? name));
    expect([...names].sort()).toEqual(Object.keys(PHASE_RULES).sort());
  });

  test('config.example.json loads, and shows the defaults', async () => {
    const config = await loadConfig({ file: fileURLToPath(new URL('config.example.json', root)), env: {} });
    for (const { name, byDefault } of SETTINGS) {
      if (byDefault !== undefined) expect(config[name], name).toEqual(byDefault);
    }
  });

  test('every setting is described, and its name has its unit', () => {
    for (const { name, description, kind } of SETTINGS) {
      expect(description, name).toMatch(/^[A-Z`].+[.)]$/);
      if (kind === 'integer' && name !== 'port') expect(name).toMatch(/(Seconds|Minutes|Bytes|Jobs)$/);
    }
  });

  test('every command that the guides name is one', async () => {
    const guides = (await readdir(new URL('docs/', root))).filter((name) => name.endsWith('.md'));
    for (const path of ['README.md', ...guides.map((name) => `docs/${name}`)]) {
      const text = await readFile(new URL(path, root), 'utf8');
      for (const [, command] of text.matchAll(/(?:`|^)job-agent ([a-z][a-z-]+)/gm)) {
        expect(USAGE, `${path} names job-agent ${command}`).toMatch(new RegExp(`^  ${command} `, 'm'));
      }
    }
  });

  test('docs/command-line.md has every command and every exit code', async () => {
    const page = await readFile(new URL('docs/command-line.md', root), 'utf8');
    const commands = [...USAGE.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, command]) => command);
    expect(commands).toContain('health');
    expect([...page.matchAll(/^\| `job-agent (\w+)`/gm)].map(([, command]) => command)).toEqual(commands);
    const codes = [...page.matchAll(/^\| (\d+) /gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  });

  test('every invariant that sources and decisions name is explained', async () => {
    const explained = [...renderLifecyclePage().matchAll(/^\| (I\d+) /gm)].map(([, name]) => name);
    const decisions = (await readdir(new URL('docs/decisions/', root))).map((name) => `docs/decisions/${name}`);
    const texts = await Promise.all(decisions.map((path) => readFile(new URL(path, root), 'utf8')));
    const comments = (await readSources()).map(({ text }) => text);
    const named = [...comments, ...texts].flatMap((text) => text.match(/\bI\d+\b/g) ?? []);
    expect(new Set(named).size).toBeGreaterThan(5);
    expect(explained).toEqual(expect.arrayContaining([...new Set(named)]));
  });

  test('every reason code is explained, and every explained one used', async () => {
    const tables = {
      reasonCodes: Object.keys(REASON_CODES),
      otherCodes: [...Object.keys(TRANSPORT_ERROR_CODES), ...Object.keys(JOURNAL_ERROR_CODES)],
    };
    expect(reasonCodeViolations(await readSources(), tables)).toEqual([]);
  });
});

describe('the rule on reason codes', () => {
  const source = (text: string) => [parseSource('agent/core/a.ts', text)];
  const check = (text: string, reasonCodes: string[]) =>
    reasonCodeViolations(source(text), { reasonCodes, otherCodes: ['CONNECT_REFUSED'] });

  test('a code that is not explained is told', () => {
    expect(check("const x = failed('DISK_FULL', 'no');", [])).toEqual([
      'agent/core/a.ts uses DISK_FULL, which agent/errors.ts does not explain',
    ]);
  });

  test('a code of one word is told where it is reported', () => {
    expect(check("const x = failed('LOST', 'no'); const y = 'KILL';", [])).toEqual([
      'agent/core/a.ts uses LOST, which agent/errors.ts does not explain',
    ]);
    expect(check("const x = { reasonCode: 'LOST' };", ['LOST'])).toEqual([]);
  });

  test('a code that only a type names counts as used', () => {
    expect(check("type Code = 'DISK_FULL' | 'DISK_GONE';", ['DISK_FULL', 'DISK_GONE'])).toEqual([]);
  });

  test('a code that nobody uses is told', () => {
    expect(check('', ['DISK_FULL'])).toEqual(['agent/errors.ts explains DISK_FULL: no source uses it']);
  });

  test('statuses, errors of Node and codes of ports are none', () => {
    expect(
      check("const x = ['IN_PROGRESS', 'ERR_MODULE_NOT_FOUND', 'CONNECT_REFUSED', 'Not_One', 'ENOENT'];", []),
    ).toEqual([]);
  });
});

test('only the block of the README is replaced', () => {
  const block = '<!-- settings:start -->\nobsolete\n<!-- settings:end -->';
  const readme = withSettingsBlock(`before\n${block}\nafter`);
  expect(readme).toMatch(/^before\n<!-- settings:start -->\n\| Setting \|/);
  expect(readme).toMatch(/<!-- settings:end -->\nafter$/);
  expect(readme).not.toContain('obsolete');
  expect(withSettingsBlock('no block')).toBe('no block');
});
