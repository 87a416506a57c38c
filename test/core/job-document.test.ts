import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { JsonValue } from '../../agent/core/json.ts';
import { checkProperty } from '../fixtures/check-property.ts';
import { MANAGED_TEMPLATES, managedTemplateDocument } from '../fixtures/job-documents/managed-templates.ts';
import { rejectionOf } from '../fixtures/parsed-document.ts';

describe('the formats are told apart by shape', () => {
  const formats: [JsonValue, string][] = [
    [{ operation: 'reboot' }, 'native'],
    [{ operation: 'reboot.sh' }, 'native'],
    [{ operation: 'reboot', includeStdOut: true }, 'native'],
    [{ operation: 'reboot', parameters: {} }, 'native'],
    [{ steps: [{ operation: 'reboot' }] }, 'native'],
    [{ operation: 'x.sh', args: [] }, 'device-client'],
    [{ operation: 'x.sh', path: 'default' }, 'device-client'],
    [{ operation: 'x.sh', allowStdErr: 1 }, 'device-client'],
    [
      { version: '1.0', steps: [{ action: { name: 'n', type: 'runHandler', input: { handler: 'x.sh' } } }] },
      'managed-template',
    ],
  ];

  test.each(formats)('%j is %s', (document, format) => {
    const parsed = parseJobDocument(document);
    expect(parsed.ok && parsed.plan.format).toBe(format);
  });

  test('steps with an action need a version', () => {
    const steps = [{ action: { name: 'n', type: 'runHandler', input: { handler: 'x.sh' } } }];
    expect(rejectionOf({ steps })).toEqual({
      pointer: '/version',
      reason: 'expected the string "1.0", got nothing',
    });
  });

  test('parameters beside args are read as native', () => {
    expect(rejectionOf({ operation: 'x', args: [], parameters: {} }).pointer).toBe('/args');
  });
});

describe('what is no job document is rejected', () => {
  const wrong: [JsonValue | undefined, string, string][] = [
    [undefined, '', 'expected a job document, got nothing'],
    [null, '', 'expected an object, got null'],
    ['reboot', '', 'expected an object, got a string of length 6'],
    [7, '', 'expected an object, got the number 7'],
    [true, '', 'expected an object, got the boolean true'],
    [[], '', 'expected an object, got an empty array'],
    [[{}], '', 'expected an object, got an array'],
    [{}, '/operation', 'expected a string, got nothing'],
    [{ opperation: 'reboot' }, '/opperation', 'unknown member; did you mean "operation"?'],
  ];

  test.each(wrong)('%j is rejected at "%s"', (document, pointer, reason) => {
    expect(rejectionOf(document)).toEqual({ pointer, reason });
  });
});

describe('a hostile document is rejected', () => {
  test('nested 10,000 arrays deep', () => {
    const { pointer, reason } = rejectionOf(JSON.parse('['.repeat(10_000) + ']'.repeat(10_000)));
    expect(pointer).toBe('/0'.repeat(32));
    expect(reason).toBe('expected at most 32 levels of nesting, got more');
  });

  test('nested 20,000 objects deep below its parameters', () => {
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    expect(rejectionOf(JSON.parse(`{"operation":"x","parameters":${deep}}`)).pointer).toMatch(
      /^\/parameters(\/a){31}$/,
    );
  });

  test('nested 33 levels deep but not 32', () => {
    const nested = (levels: number) => JSON.parse(`{"operation":"x","parameters":${nest(levels - 1)}}`);
    expect(parseJobDocument(nested(32)).ok).toBe(true);
    expect(parseJobDocument(nested(33)).ok).toBe(false);
  });

  test('of more than 10,000 values', () => {
    const values = (count: number) => ({ operation: 'x', parameters: { list: Array<number>(count).fill(1) } });
    expect(parseJobDocument(values(9_996)).ok).toBe(true);
    expect(rejectionOf(values(9_997))).toEqual({ pointer: '', reason: 'expected at most 10000 values, got more' });
  });

  test.each(['__proto__', 'constructor', 'prototype'])('with a member called %s', (name) => {
    const document = JSON.parse(`{"operation":"x","parameters":{"a/b~c":[{"${name}":{"polluted":true}}]}}`);
    expect(rejectionOf(document)).toEqual({
      pointer: `/parameters/a~1b~0c/0/${name}`,
      reason: 'a member of this name is not allowed',
    });
  });

  test('__proto__ never answers for an absent operation', () => {
    expect(rejectionOf(JSON.parse('{"__proto__":{"operation":"reboot"}}')).pointer).toBe('/__proto__');
    expect(rejectionOf(Object.create({ operation: 'reboot' })).pointer).toBe('/operation');
  });

  test('of 200 KB in one name, with a short reason', () => {
    const { pointer, reason } = rejectionOf({ ['n'.repeat(200_000)]: 1 });
    expect(pointer).toBe(`/${'n'.repeat(59)}…`);
    expect(reason.length).toBeLessThan(200);
  });

  test('with a secret URL, without repeating its query', () => {
    const { reason } = rejectionOf({ operation: 'https://user:secret@host/file?X-Amz-Signature=secret' });
    expect(reason).toMatch(/got the string "https:\/\/…@host\/file…"$/);
  });
});

const VALID_DOCUMENTS: readonly JsonValue[] = [
  { operation: 'x', parameters: { a: [1] }, name: 'n', timeoutSeconds: 5, runAs: 'pi', includeStdOut: true },
  { steps: [{ operation: 'x', parameters: {}, runAs: 'pi' }, { operation: 'y' }], includeStdOut: false },
  { operation: 'x.sh', args: ['a'], path: '/opt', allowStdErr: 1, includeStdOut: 'true' },
  ...MANAGED_TEMPLATES.map((template) => managedTemplateDocument(template, { command: 'ls,-l', runAsUser: 'pi' })),
];

describe('any JSON value', () => {
  test.each(VALID_DOCUMENTS.map((document) => [document]))('%j is valid to begin with', (document) => {
    expect(parseJobDocument(document).ok).toBe(true);
  });

  test('is a plan or a bounded rejection, never an exception', () => {
    checkProperty(fc.property(anyJson(), isPlanOrRejection), { numRuns: 500 });
  });

  test('in a valid document is no exception either', () => {
    checkProperty(fc.property(spoiltDocument(), isPlanOrRejection), { numRuns: 1_000 });
  });
});

/** Empty objects, one in the other, `levels` of them. */
function nest(levels: number): string {
  return `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
}

function isPlanOrRejection(document: JsonValue): void {
  const parsed = parseJobDocument(document);
  if (parsed.ok) {
    expect(parsed.plan.steps.length).toBeGreaterThan(0);
    expect(parsed.plan.steps.length).toBeLessThanOrEqual(51);
    for (const step of parsed.plan.steps) expect(step.name).not.toBe('');
  } else {
    expect(parsed.rejection.reason).not.toBe('');
    expect(parsed.rejection.reason.length).toBeLessThan(1_000);
  }
}

function anyJson(): fc.Arbitrary<JsonValue> {
  return fc.json({ maxDepth: 6 }).map((text): JsonValue => JSON.parse(text));
}

/** A valid document with one value in it replaced: gets further than JSON made at random, and a part is still valid. */
function spoiltDocument(): fc.Arbitrary<JsonValue> {
  const spoilt = fc.oneof(
    anyJson(),
    fc.constantFrom<JsonValue>(
      '1.0',
      '',
      'default',
      'true',
      '3',
      'x y',
      'a\0b',
      `\${aws:iot:parameter:p}`,
      0,
      1,
      -1,
      true,
    ),
  );
  return fc.tuple(fc.constantFrom(...VALID_DOCUMENTS), fc.nat(15), spoilt).map(([document, at, value]) => {
    let visited = 0;
    const text = JSON.stringify(document, (_, old) => (visited++ === at ? value : old));
    return JSON.parse(text);
  });
}
