/** Every test that docs/lifecycle.md and docs/conformance.md name is there: a rule whose test is renamed or deleted fails here. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { conformanceTestLinks } from '../../scripts/docs/conformance-docs.ts';
import { lifecycleTestLinks } from '../../scripts/docs/lifecycle-docs.ts';
import { renderTestLinks, type TestLink, testsOf } from '../../scripts/docs/test-link.ts';
import { isNode, parseSource, type SyntaxNode, stringOf, walk } from './source-file.ts';

const root = new URL('../../', import.meta.url);

test('every test that docs/lifecycle.md names is one', async () => {
  const links = lifecycleTestLinks();
  expect(links.length).toBeGreaterThan(50);
  const problems = await Promise.all(links.map(async (link) => missingOf(link, await textOf(link.file))));
  expect([...new Set(problems.flat())]).toEqual([]);
});

test('every test that docs/conformance.md names is one', async () => {
  const links = conformanceTestLinks();
  const problems = await Promise.all(links.map(async (link) => missingOf(link, await textOf(link.file))));
  expect([...new Set(problems.flat())]).toEqual([]);
});

test('every test that docs/migrating.md names is one, and every row of its table names one', async () => {
  const page = await readFile(new URL('docs/migrating.md', root), 'utf8');
  const links = [...page.matchAll(LINK_TO_TEST)].map(([, title = '', file = '']) => ({ file, title, within: null }));
  const problems = await Promise.all(links.map(async (link) => missingOf(link, await textOf(link.file))));
  expect([...new Set(problems.flat())]).toEqual([]);
  const table = page.split('### Faults of the Device Client')[1]?.split(/^#/m)[0] ?? '';
  const rows = table.split('\n').filter((line) => /^\| [^-]/.test(line) && !line.includes('Held by'));
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter((row) => row.match(LINK_TO_TEST) === null)).toEqual([]);
});

/** `[title](../test/….test.ts)`. */
const LINK_TO_TEST = /\[([^\]]+)\]\(\.\.\/(test\/[\w/.-]+\.test\.ts)\)/g;

test('the page shows every link', async () => {
  const page = await readFile(new URL('docs/lifecycle.md', root), 'utf8');
  for (const link of lifecycleTestLinks()) expect(page).toContain(renderTestLinks([link]).replaceAll('|', '\\|'));
});

describe('the rule on named tests', () => {
  const link = testsOf('a/b')('is run once', 'a job');
  const text = "describe('a job', () => { test.each(ROWS)(\n 'is run once', () => { expect('is run twice'); }); });";

  test('a title in its describe is found, also of a table', () => {
    expect(missingOf(link, text)).toEqual([]);
    expect(missingOf(testsOf('a/b')('a job'), text)).toEqual([]);
  });

  test('a title elsewhere, in a comment or of no test is told', () => {
    const told = ['test/a/b.test.ts has no test "a job › is run once"'];
    expect(missingOf(link, "test('is run once', () => {}); describe('a job', () => {});")).toEqual(told);
    expect(missingOf(link, "describe('a job', () => { /* test('is run once') */ });")).toEqual(told);
    expect(missingOf(testsOf('a/b')('is run twice'), text)).toEqual(['test/a/b.test.ts has no test "is run twice"']);
    expect(missingOf(link, '')).toEqual(told);
  });
});

function missingOf({ file, title, within }: TestLink, text: string): readonly string[] {
  let isThere = false;
  walk(parseSource(file, text).program, (node, parents) => {
    if (titleOf(node) !== title) return;
    isThere ||= within === null || parents.some((parent) => titleOf(parent) === within);
  });
  return isThere ? [] : [`${file} has no test "${within === null ? '' : `${within} › `}${title}"`];
}

/** Of `test('…')`, `describe('…')`, `test.each(…)('…')` and their like. */
function titleOf(node: SyntaxNode): string | undefined {
  if (node.type !== 'CallExpression' || !Array.isArray(node.arguments)) return undefined;
  return /^(test|describe|\w+Test)$/.test(calledName(node) ?? '') ? stringOf(node.arguments[0]) : undefined;
}

function calledName(node: SyntaxNode): string | undefined {
  if (node.type === 'Identifier') return String(node.name);
  const inner = node.type === 'MemberExpression' ? node.object : node.callee;
  return isNode(inner) ? calledName(inner) : undefined;
}

async function textOf(file: string): Promise<string> {
  return readFile(new URL(file, root), 'utf8').catch(() => '');
}
