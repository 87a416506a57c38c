/** docs/job-document.schema.json takes what the agent takes, and refuses what it refuses, in every member that it knows. */
import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { jobDocumentSchema } from '../../scripts/docs/job-document-schema.ts';
import { checkProperty } from '../fixtures/check-property.ts';

const root = new URL('../../', import.meta.url);
const HINT = 'scripts/docs/job-document-schema.ts and agent/core/native-document.ts differ';

// VS Code's own keyword; everything else is JSON Schema, draft 7.
const validate = new Ajv({ strictTypes: false, strictRequired: false, keywords: ['patternErrorMessage'] }).compile(
  jobDocumentSchema(),
);
const isValid = (document: unknown): boolean => validate(document) as boolean;

const examples = await Promise.all(
  builtInHandlers.map(async ({ operation }) => {
    const text = await readFile(new URL(`handlers/${operation}/example.job.json`, root), 'utf8');
    return [operation, JSON.parse(text) as { readonly operation: string; readonly parameters: JsonObject }] as const;
  }),
);

test.each(examples)('the example of %s is valid, alone and as a step', (_, example) => {
  expect(isValid(example), JSON.stringify(validate.errors)).toBe(true);
  expect(isValid({ steps: [example] }), JSON.stringify(validate.errors)).toBe(true);
});

test('the examples of docs/job-documents.md are valid', async () => {
  const guide = await readFile(new URL('docs/job-documents.md', root), 'utf8');
  const native = guide.slice(guide.indexOf('\n## Native'), guide.indexOf('\n## AWS managed templates'));
  const blocks = [...native.matchAll(/```json\n(.+?)```/gs)].map(([, text = '']) => JSON.parse(text) as JsonValue);
  expect(blocks.length).toBeGreaterThan(1);
  for (const block of blocks) expect(isValid(block), `${HINT}: ${JSON.stringify(validate.errors)}`).toBe(true);
});

describe.each(examples)('a mistake in the example of %s is found', (_, example) => {
  const changes: readonly (readonly [string, JsonObject])[] = Object.entries(example.parameters).flatMap(
    ([name, value]) => {
      const { [name]: __, ...others } = example.parameters;
      return [
        [`${name} misspelt`, { ...others, [`${name}x`]: value }] as const,
        [`${name} of another type`, { ...others, [name]: typeof value === 'object' ? 5 : { a: value } }] as const,
      ];
    },
  );

  test.each([...changes, ['a parameter that is not known', { ...example.parameters, nothingLikeIt: 1 }] as const])(
    '%s',
    (__, parameters) => {
      expect(isValid({ ...example, parameters })).toBe(false);
      expect(isValid({ steps: [{ ...example, parameters }] })).toBe(false);
    },
  );
});

test('every member that the agent knows is in the schema, and no other', () => {
  const definitions = jobDocumentSchema().definitions as Readonly<Record<string, { readonly properties: JsonObject }>>;
  const membersOf = (name: string) => Object.keys(definitions[name]?.properties ?? {}).sort();
  expect(membersOf('several'), HINT).toEqual(knownMembers({ steps: [{ operation: 'x' }] }, []));
  expect([...membersOf('single'), 'steps'].sort(), HINT).toEqual(knownMembers({ operation: 'x', parameters: {} }, []));
  expect(membersOf('step'), HINT).toEqual(knownMembers({ steps: [{ operation: 'x' }] }, ['steps', 0]));
  const whole = { steps: [{ operation: 'x', rollback: { operation: 'y' } }], finally: [{ operation: 'z' }] };
  expect(membersOf('rollback'), HINT).toEqual(knownMembers(whole, ['steps', 0, 'rollback']));
  expect(membersOf('always'), HINT).toEqual(knownMembers(whole, ['finally', 0]));
});

test('what the agent refuses of a document is invalid, and the other way round', () => {
  const names = [...knownMembers({ operation: 'x', parameters: {} }, []), 'Operation', 'timeout'];
  const retries = fc.constantFrom(
    { count: 1 },
    { count: 10, delaySeconds: 0 },
    { count: 11 },
    { delaySeconds: 1 },
    { count: 1, x: 1 },
  );
  const text = fc.constantFrom(
    'stop',
    'continue',
    'x',
    '',
    'a b',
    '-f',
    'a\0b',
    'root',
    'Root',
    'x'.repeat(33),
    'x'.repeat(129),
  );
  const value = fc.oneof(
    text,
    retries,
    conditions(),
    fc.constantFrom(0, 1, 1.5, 604_800, 604_801, true, null, {}),
    fc.constant([]),
  );
  const step = fc.dictionary(fc.constantFrom(...names.filter((name) => name !== 'steps')), value, { maxKeys: 4 });
  const steps = fc.array(
    step.map((members) => ({ operation: 'x', ...members })),
    { maxLength: 3 },
  );
  const document = fc.oneof(
    step.map((members) => ({ operation: 'x', parameters: {}, ...members })),
    fc
      .tuple(fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 2 }), steps)
      .map(([members, list]) => ({ ...members, steps: list })),
    fc
      .tuple(step, steps, steps)
      .map(([rollback, list, always]) => ({ steps: [{ operation: 'x', rollback }, ...list], finally: always })),
  );
  checkProperty(
    fc.property(document, (generated) => {
      const parsed = parseJobDocument(generated as JsonObject);
      expect(
        isValid(generated),
        `${HINT}: ${JSON.stringify(generated)}, which the agent says: ${JSON.stringify(parsed)}`,
      ).toBe(parsed.ok);
    }),
    { numRuns: 2000 },
  );
});

/** Good and bad ones. */
function conditions(): fc.Arbitrary<JsonValue> {
  const { condition } = fc.letrec<{ condition: JsonObject; several: JsonValue[] }>((tie) => ({
    condition: fc.dictionary(
      fc.constantFrom('os', 'osVersion', 'package', 'freeSpace', 'fileExists', 'all', 'any', 'not', 'Os'),
      fc.oneof(
        fc.constantFrom<JsonValue>(
          'debian',
          '>= 12, <13',
          '=',
          '/etc/x',
          '/a/../b',
          '/..',
          '/a/..b',
          'a b',
          [],
          ['a', ''],
        ),
        fc.constantFrom<JsonValue>(
          { name: 'a' },
          { name: '-a' },
          { name: 'a', version: '> 1:2~b' },
          { name: 'a', version: '-1' },
        ),
        fc.constantFrom<JsonValue>({ path: '/', bytes: 1 }, { path: '/', bytes: 0 }, { bytes: 1 }, 5),
        { arbitrary: tie('condition'), weight: 2 },
        { arbitrary: tie('several'), weight: 2 },
      ),
      { maxKeys: 2 },
    ) as fc.Arbitrary<JsonObject>,
    several: fc.array(tie('condition'), { maxLength: 2 }) as fc.Arbitrary<JsonValue[]>,
  }));
  return condition;
}

/** As the agent lists them when it refuses another one. */
function knownMembers(document: JsonObject, place: readonly (string | number)[]): readonly string[] {
  const copy = structuredClone(document) as JsonObject;
  let inner = copy as Record<string, JsonValue>;
  for (const segment of place) inner = inner[segment as string] as Record<string, JsonValue>;
  inner.qqqqqqqqqqqqqqqqqqqq = 1;
  const parsed = parseJobDocument(copy);
  if (parsed.ok) throw new Error('a member that is not known was taken');
  return [...parsed.rejection.reason.matchAll(/"(\w+)"/g)].map(([, name = '']) => name).sort();
}
