/** docs/testing.md and `npm run test:full` leave no kind of test out. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { withReport } from '../full/full-report.ts';
import { FULL_RUNS } from '../full/full-runs.ts';
import { isNode, parseSource, stringOf, walk } from './source-file.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFile(new URL(path, root), 'utf8');

const guide = await read('docs/testing.md');
const { scripts } = JSON.parse(await read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
const wholes = Object.keys(scripts).filter((name) => name === 'soak' || /^test:(?!full$)/.test(name));

test('every script that tests is told of', () => {
  expect(wholes.length).toBeGreaterThan(5);
  for (const name of wholes) expect(guide).toContain(`\`npm run ${name}\``);
});

test('every script that tests is part of test:full, but for the one that needs an account', () => {
  const run = FULL_RUNS.flatMap(({ npm }) => (npm[0] === 'run' ? npm.slice(1, 3) : []));
  const here = wholes.filter((name) => name !== 'test:aws');
  expect(run.filter((word) => word !== '--silent').sort()).toEqual(here.sort());
});

test('the report has its place', () => {
  expect(withReport(guide, 'the newest figures')).toMatch(
    /^# How it is tested\n[\s\S]*\n\nthe newest figures\n<!-- full:end -->\n/,
  );
});

test('each of the thirteen defects has a test in the file that is named', async () => {
  const rows = [...guide.matchAll(/^\| (D\d+) \|.*\]\(\.\.\/(test\/system\/[\w.-]+)\) \|$/gm)];
  expect(rows.map(([, number]) => number)).toEqual(Array.from({ length: 13 }, (_, index) => `D${index + 1}`));
  for (const [, number, file = ''] of rows) {
    const titles = await titlesIn(file);
    expect(titles.filter((title) => title.startsWith(`${number} `)).length, `${number} in ${file}`).toBeGreaterThan(0);
  }
});

async function titlesIn(file: string): Promise<readonly string[]> {
  const titles: string[] = [];
  walk(parseSource(file, await read(file)).program, (node) => {
    const [first] = node.type === 'CallExpression' && Array.isArray(node.arguments) ? node.arguments : [];
    if (isNode(first)) titles.push(stringOf(first) ?? '');
  });
  return titles;
}
