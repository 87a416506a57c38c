/** docs/handlers.md leaves nothing out: each operation has notes of what it is tested against, and a schema that can be told. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { Type } from '../../agent/handler-api.ts';
import { childrenOf, type JsonSchema, untoldKeywords } from '../../agent/reference/json-schema.ts';
import { parameterRows } from '../../agent/reference/parameter-rows.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { renderHandlersPage } from '../../scripts/docs/handlers-docs.ts';
import { TESTED_AGAINST, type TestedAgainst } from '../handlers/tested-against.ts';

const root = new URL('../../', import.meta.url);
const operations = builtInHandlers.map(({ operation }) => operation);

test('what every operation is tested against stands in test/handlers/tested-against.ts', async () => {
  const files = await readTests();
  expect(testedAgainstProblems(operations, TESTED_AGAINST, files)).toEqual([]);
});

test.each(builtInHandlers.map((handler) => [handler.operation, schemaOf(handler.parameters)] as const))(
  'every parameter of %s is described, and its schema can be told',
  (_, schema) => {
    expect(undescribed(schema), 'parameters.ts gives each of them a `description`').toEqual([]);
    expect(untoldKeywords(schema), 'agent/reference/json-schema.ts and parameter-rows.ts must learn these').toEqual([]);
  },
);

test('every operation has a part of the page, with what it needs and its example', async () => {
  const page = renderHandlersPage();
  for (const { operation, summary, needs } of builtInHandlers) {
    const part = page.split(/^## /m).find((text) => text.startsWith(`${operation}\n`)) ?? '';
    const example = await readFile(new URL(`handlers/${operation}/example.job.json`, root), 'utf8');
    expect(part).toContain(summary);
    expect(part).toContain(`\`\`\`json\n${example.trimEnd()}\n`);
    expect(part).toContain(`- Needs: ${needs ?? 'nothing but the agent'}\n`);
  }
});

describe('the rule on what operations are tested against', () => {
  const files = new Map([['test/a.test.ts', "operation: 'write-file'"]]);
  const check = (table: Readonly<Record<string, TestedAgainst>>) => testedAgainstProblems(['write-file'], table, files);

  test('an operation without an entry is told', () => {
    expect(check({})).toEqual([
      "test/handlers/tested-against.ts has no entry for write-file: add 'write-file': { real | standIn | argumentListsOnly: '…', tests: ['test/handlers/write-file.test.ts'] }",
    ]);
  });

  test('an entry without an operation, words, or tests is told', () => {
    const tests = ['test/a.test.ts'];
    expect(check({ 'write-file': { real: 'files', tests }, gone: { real: 'x', tests } })).toEqual([
      'test/handlers/tested-against.ts has an entry for gone, which is no built-in operation',
    ]);
    expect(check({ 'write-file': { tests } })).toEqual(['write-file: say one of real, standIn, argumentListsOnly']);
    expect(check({ 'write-file': { real: 'files', tests: [] } })).toEqual(['write-file: name at least one test file']);
  });

  test('a test file that is not there, or is about something else, is told', () => {
    expect(check({ 'write-file': { real: 'files', tests: ['test/b.test.ts'] } })).toEqual([
      'write-file: test/b.test.ts is not there',
    ]);
    expect(testedAgainstProblems(['copy'], { copy: { real: 'files', tests: ['test/a.test.ts'] } }, files)).toEqual([
      'copy: test/a.test.ts never names it',
    ]);
  });
});

describe('parameters as a table', () => {
  const rows = (schema: object) => parameterRows(schemaOf(schema)).map((cells) => cells.join(' | '));

  test('limits and defaults are put in words', () => {
    const schema = Type.Object({
      name: Type.String({ minLength: 1, maxLength: 4095, description: 'A name.' }),
      retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 10, default: 3 })),
      level: Type.Optional(Type.Enum(['low', 'high'])),
      units: Type.Array(Type.String({ expected: 'a unit' }), { minItems: 1, maxItems: 2, uniqueItems: true }),
    });
    expect(rows(schema)).toEqual([
      '`name` | string | required | 1 to 4,095 characters | A name.',
      '`retries` | whole number | `3` | 0 to 10 | ',
      '`level` | `low` or `high` | none |  | ',
      '`units` | list of strings | required | 1 to 2 entries; none twice; each: a unit | ',
    ]);
  });

  test('what is nested has rows of its own', () => {
    const schema = Type.Object({
      files: Type.Array(Type.Object({ path: Type.String(), mode: Type.Optional(Type.String()) })),
      labels: Type.Record(Type.String(), Type.Object({ text: Type.String() })),
      pair: Type.Tuple([Type.String(), Type.Object({ x: Type.Integer() })]),
    });
    expect(rows(schema)).toEqual([
      '`files` | list of objects | required |  | ',
      '`files[].path` | string | required |  | ',
      '`files[].mode` | string | none |  | ',
      '`labels` | object | required |  | ',
      '`labels.*` | object | none |  | ',
      '`labels.*.text` | string | required |  | ',
      '`pair` | list of string, then object | required |  | ',
      '`pair[1].x` | whole number | required |  | ',
    ]);
  });

  test('the forms of a union are told, and which of its members are whose', () => {
    const journal = Type.Object({ kind: Type.Literal('journal'), unit: Type.String({ description: 'A unit.' }) });
    const file = Type.Object({ kind: Type.Literal('file'), path: Type.String() });
    const schema = Type.Object({ one: Type.Union([journal, file]), two: Type.Union([Type.String(), Type.Integer()]) });
    expect(rows(schema)).toEqual([
      '`one` | object | required |  | ',
      '`one.kind` | `journal` | required |  | Where `kind` is `journal`.',
      '`one.unit` | string | required |  | Where `kind` is `journal`. A unit.',
      '`one.kind` | `file` | required |  | Where `kind` is `file`.',
      '`one.path` | string | required |  | Where `kind` is `file`.',
      '`two` | string or whole number | required |  | ',
    ]);
  });

  test('a keyword that would be lost is told', () => {
    expect(untoldKeywords(schemaOf(Type.Object({ a: Type.Array(Type.Integer({ multipleOf: 2 })) })))).toEqual([
      '/a/items/multipleOf',
    ]);
  });
});

/** @param files text by path, of those that are there. */
function testedAgainstProblems(
  names: readonly string[],
  table: Readonly<Record<string, TestedAgainst>>,
  files: ReadonlyMap<string, string>,
): readonly string[] {
  const missing = names.filter((name) => table[name] === undefined);
  const strange = Object.keys(table).filter((name) => !names.includes(name));
  return [
    ...missing.map(
      (name) =>
        `test/handlers/tested-against.ts has no entry for ${name}: add '${name}': { real | standIn | argumentListsOnly: '…', tests: ['test/handlers/${name}.test.ts'] }`,
    ),
    ...strange.map(
      (name) => `test/handlers/tested-against.ts has an entry for ${name}, which is no built-in operation`,
    ),
    ...Object.entries(table)
      .filter(([name]) => names.includes(name))
      .flatMap(([name, entry]) => entryProblems(entry, name, files).map((problem) => `${name}: ${problem}`)),
  ];
}

function entryProblems(entry: TestedAgainst, name: string, files: ReadonlyMap<string, string>): readonly string[] {
  const { real, standIn, argumentListsOnly, tests } = entry;
  const inCamelCase = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return [
    ...([real, standIn, argumentListsOnly].some(Boolean) ? [] : ['say one of real, standIn, argumentListsOnly']),
    ...(tests.length === 0 ? ['name at least one test file'] : []),
    ...tests.flatMap((file) => {
      const text = files.get(file);
      if (text === undefined) return [`${file} is not there`];
      return text.includes(name) || text.includes(inCamelCase) ? [] : [`${file} never names it`];
    }),
  ];
}

async function readTests(): Promise<ReadonlyMap<string, string>> {
  const named = [...new Set(Object.values(TESTED_AGAINST).flatMap(({ tests }) => tests))];
  const there = named.filter((file) => existsSync(new URL(file, root)));
  return new Map(
    await Promise.all(there.map(async (file) => [file, await readFile(new URL(file, root), 'utf8')] as const)),
  );
}

/** Constants need no words: they tell the forms of a union apart. */
function undescribed(schema: JsonSchema, place = ''): readonly string[] {
  const names = Object.entries(schema.properties ?? {})
    .filter(([, property]) => property.description === undefined && !('const' in property))
    .map(([name]) => `${place}/${name}`);
  return [...names, ...childrenOf(schema).flatMap(([name, child]) => undescribed(child, `${place}/${name}`))];
}

function schemaOf(schema: object): JsonSchema {
  return schema as JsonSchema;
}
