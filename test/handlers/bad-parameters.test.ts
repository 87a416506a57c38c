import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAjvCompiler } from '../../agent/adapters/schema/ajv-check.ts';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import type { JobHandler } from '../../agent/handler-api.ts';
import { createHandlerRegistry } from '../../agent/runs/handler-registry.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { checkProperty } from '../fixtures/check-property.ts';
import { FACTS } from '../fixtures/step-handlers/step-runner-setup.ts';

const registry = createHandlerRegistry({
  handlers: builtInHandlers,
  compileSchema: createAjvCompiler(),
  facts: FACTS,
});

/** What no operation may take for a name: options, paths, patterns, what a shell would act on, what breaks lines. */
const HOSTILE_NAMES = [
  '',
  ' ',
  '-f',
  '--root=/',
  '.',
  '..',
  '../x',
  'a/b',
  '/etc/passwd',
  'a b',
  'a\tb',
  'a\nb',
  'a\0b',
  'a;id',
  'a|id',
  'a&id',
  '$(id)',
  '`id`',
  '$HOME',
  'a>b',
  'a<b',
  "a'b",
  'a"b',
  'a*',
  'a?',
  '[a]',
  '{a,b}',
  '~root',
  '#a',
  '!a',
  'a%',
  'ä',
  'а',
  '\u202ea',
];

/** Parameters, where the mistake is, and a part of what is said of it. */
type BadParameters = readonly [parameters: JsonObject, pointer: string, reason: string];

const services = (more: JsonObject): JsonObject => ({ action: 'start', units: ['a'], ...more });

const TABLE: Readonly<Record<string, readonly BadParameters[]>> = {
  services: [
    [{ units: ['a'] }, '/action', 'is required'],
    [services({ action: 'reload' }), '/action', 'one of "start", "stop", "restart", "enable", "disable"'],
    [services({ action: 5 }), '/action', 'got the number 5'],
    [{ action: 'start' }, '/units', 'is required'],
    [services({ units: 'a' }), '/units', 'expected an array'],
    [services({ units: [] }), '/units', 'at least 1'],
    [services({ units: Array.from({ length: 33 }, (_, i) => `a${i}`) }), '/units', 'at most 32'],
    [services({ units: ['a', 'a'] }), '/units', ''],
    [services({ units: ['a', 5] }), '/units/1', 'got the number 5'],
    [services({ units: ['a'.repeat(256)] }), '/units/0', 'at most 255'],
    ...HOSTILE_NAMES.map((name): BadParameters => [services({ units: ['a', name] }), '/units/1', 'the name of a unit']),
    [services({ stayUpSeconds: 0 }), '/stayUpSeconds', 'at least 1'],
    [services({ stayUpSeconds: 601 }), '/stayUpSeconds', 'at most 600'],
    [services({ stayUpSeconds: 1.5 }), '/stayUpSeconds', 'expected an integer'],
    [services({ stayUpSeconds: '5' }), '/stayUpSeconds', 'expected an integer'],
    [services({ action: 'stop', stayUpSeconds: 5 }), '/stayUpSeconds', 'means nothing for stop'],
    [services({ unit: 'a' }), '/unit', 'did you mean units?'],
  ],
};

describe.each(Object.entries(TABLE))('%s refuses', (operation, rows) => {
  test.each(rows)('%j', (parameters, pointer, reason) => {
    const problem = registry.checkParameters(handlerOf(operation), parameters);
    expect(problem?.pointer).toBe(pointer);
    expect(problem?.reason).toContain(reason);
  });
});

describe.each(Object.keys(TABLE))('%s', (operation) => {
  const handler = handlerOf(operation);
  const { properties } = handler.parameters as unknown as { properties: Readonly<Record<string, JsonObject>> };
  const names = fc.constantFrom(...Object.keys(properties), '__proto__', 'x');

  test('takes whatever is thrown at it, without a throw, and says where the mistake is', () => {
    const parameters = fc.dictionary(
      names,
      fc.oneof(fc.jsonValue(), fc.array(fc.string()), fc.constantFrom(...HOSTILE_NAMES)),
    );
    checkProperty(
      fc.property(parameters, (value) => {
        const problem = registry.checkParameters(handler, value as JsonObject);
        if (problem === undefined) return;
        expect(problem.reason).not.toBe('');
        expect(problem.pointer === '' || problem.pointer.startsWith('/')).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('refuses parameters that are no object', () => {
    for (const value of [null, [], 'a', 5, true] as JsonValue[]) {
      expect(registry.checkParameters(handler, value)?.reason).toContain('expected an object');
    }
  });
});

test('whatever unit name is let through is one to systemd, and no option', () => {
  const piece = fc.constantFrom(...'aZ09:-_.\\@/ *$;', '..', '.service', '@');
  checkProperty(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const name = pieces.join('');
      if (registry.checkParameters(handlerOf('services'), services({ units: [name] })) !== undefined) return;
      expect(name).toMatch(/^[\w:\\][\w:.\\-]*(@[\w:.\\-]*)?$/);
    }),
    { numRuns: 200 },
  );
});

function handlerOf(operation: string): JobHandler {
  const handler = registry.find(operation);
  if (handler === undefined) throw new Error(`no handler does ${operation}`);
  return handler;
}
