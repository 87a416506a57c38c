import { describe, expect, test } from 'vitest';
import { formViolations, nameViolations, sizeViolations } from './size-rules.ts';
import { parseSource, readSources } from './source-file.ts';

const sources = await readSources();
const tests = await readSources(['test']);

describe('this repository', () => {
  test('no file, function or parameter list is too long', () => {
    expect(sources.flatMap(sizeViolations)).toEqual([]);
  });

  test('no any, default export, enum or non-null assertion', () => {
    expect([...sources, ...tests].flatMap(formViolations)).toEqual([]);
  });

  test('every file is named for what is inside', () => {
    expect(nameViolations([...sources, ...tests].map(({ path }) => path))).toEqual([]);
  });
});

describe('the rule on sizes', () => {
  const lines = (count: number) => '  x();\n'.repeat(count);
  const sizes = (text: string) => sizeViolations(parseSource('a.ts', text));

  test('350 lines are a file, 351 are too many', () => {
    expect(sizes('x();\n'.repeat(350))).toEqual([]);
    expect(sizes('x();\n'.repeat(351))).toEqual(['a.ts has 351 lines, more than 350']);
  });

  const forms = {
    'a function': (body: string) => `\nfunction f() {\n${body}}`,
    'an arrow': (body: string) => `\nconst f = () => {\n${body}};`,
    'a method': (body: string) => `class C {\nf() {\n${body}}}`,
    'an object’s method': (body: string) => `const o = {\nf() {\n${body}}};`,
  };
  for (const [form, make] of Object.entries(forms)) {
    test(`${form} of 60 lines is one, 61 are too many`, () => {
      expect(sizes(make(lines(58)))).toEqual([]);
      expect(sizes(make(lines(59)))).toEqual(['a.ts:2 has a function of 61 lines, more than 60']);
    });
  }

  test('four parameters pass, five do not', () => {
    expect(sizes('const f = (a, { b }, c = 1, ...d) => a;')).toEqual([]);
    expect(sizes('function f(a, b, c, d, e) {}')).toEqual(['a.ts:1 has a function of 5 parameters, more than 4']);
  });
});

test('forbidden forms are told with their line', () => {
  const text = 'export default 1;\nconst a: any = 1;\nconst b = a!;\nenum E {}';
  expect(formViolations(parseSource('a.ts', text))).toEqual([
    'a.ts:1 has a default export',
    'a.ts:2 has an `any`',
    'a.ts:3 has a `!`',
    'a.ts:4 has an enum',
  ]);
});

test('names that say nothing are told', () => {
  expect(nameViolations(['agent/core/decide.ts', 'test/a-b.test.ts'])).toEqual([]);
  expect(nameViolations(['agent/core/utils.ts', 'test/index.test.ts', 'agent/myFile.ts'])).toEqual([
    'agent/core/utils.ts: the name says nothing of what is inside',
    'test/index.test.ts: the name says nothing of what is inside',
    'agent/myFile.ts: file names are kebab-case',
  ]);
});
