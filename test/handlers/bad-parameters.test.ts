import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAjvCompiler } from '../../agent/adapters/schema/ajv-check.ts';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import type { JobHandler } from '../../agent/handler-api.ts';
import { createHandlerRegistry } from '../../agent/runs/handler-registry.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { checkProperty } from '../fixtures/check-property.ts';
import { planOf } from '../fixtures/parsed-document.ts';
import { createStepRunnerSetup, FACTS, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';
import { BAD_PARAMETERS, HOSTILE_NAMES, install, services } from './bad-parameter-rows.ts';
import { badCasesAt } from './bad-values.ts';
import { HOSTILE_TEXTS, type HostileKind } from './free-text.ts';
import { freeTextOf, freeTextRows, placesOfOperation } from './operation-places.ts';

let setup: StepRunnerSetup;
beforeAll(async () => {
  setup = await createStepRunnerSetup();
});
afterAll(() => setup.remove());

/** What a person can act on: what was expected or is missing or not known. */
const HELPFUL =
  /^(expected .+, got .+|is required.*, and missing.*|is not known; .+|is there twice: .+|is no name .+|means nothing for .+|is in no folder .+|names .+ a second time.*)$/s;
/** What a message says when nobody has thought of the case. */
const HELPLESS =
  /undefined|what the schema says|another value|expected an object, got an object|text that matches|\[object/;

const registry = createHandlerRegistry({
  handlers: builtInHandlers,
  compileSchema: createAjvCompiler(),
  facts: FACTS,
});

describe.each(builtInHandlers.map((handler) => [handler.operation, handler] as const))(
  '%s refuses',
  (operation, handler) => {
    const cases = placesOfOperation(handler).flatMap(badCasesAt);

    test.each(cases.map((one) => [one.title, one] as const))('%s', async (_, { parameters, pointer }) => {
      const review = await setup.stepRunner.review(planOf({ operation, parameters }));
      expect(review).toMatchObject({ verdict: 'reject', reasonCode: 'PARAMETERS_INVALID' });
      const { rejection } = review as Extract<typeof review, { verdict: 'reject' }>;
      expect(rejection.pointer).toBe(`/parameters${pointer}`);
      expect(rejection.reason).toMatch(HELPFUL);
      expect(rejection.reason).not.toMatch(HELPLESS);
    });

    test.each([null, [], 'a', 5, true])('parameters that are %j', (parameters) => {
      const parsed = parseJobDocument({ operation, parameters } as JsonObject);
      expect(parsed).toMatchObject({ ok: false, rejection: { pointer: '/parameters' } });
      expect(registry.checkParameters(handler, parameters)?.reason).toContain('expected an object');
    });

    test.each(['__proto__', 'constructor', 'prototype'])('a member called %s', (name) => {
      const parameters = JSON.parse(`{"${name}": {"polluted": true}}`) as JsonObject;
      const parsed = parseJobDocument({ operation, parameters });
      expect(parsed).toMatchObject({ ok: false, rejection: { pointer: `/parameters/${name}` } });
    });
  },
);

describe.each(freeTextRows())('%s of %s', (name, operation, place) => {
  const { within = (text: string) => text, given = (parameters: JsonObject) => parameters } = freeTextOf(
    operation,
    name,
  );
  const { refuses, takes = {} } = freeTextOf(operation, name);
  const textsOf = (kind: HostileKind) => HOSTILE_TEXTS[kind].map((text) => (text === '' ? text : within(text)));
  const reviewOf = (text: string) => setup.stepRunner.review(planOf({ operation, parameters: given(place.set(text)) }));

  test.each(refuses.flatMap((kind) => textsOf(kind).map((text) => [kind, text] as const)))(
    'refuses %s: %j',
    async (_, text) => {
      const review = await reviewOf(text);
      expect(review).toMatchObject({ verdict: 'reject', reasonCode: 'PARAMETERS_INVALID' });
      const { rejection } = review as Extract<typeof review, { verdict: 'reject' }>;
      expect(rejection.pointer).toBe(`/parameters${place.pointer}`);
      expect(rejection.reason).toMatch(HELPFUL);
    },
  );

  const taken = Object.keys(takes) as HostileKind[];
  test.each(taken.flatMap((kind) => textsOf(kind).map((text) => [kind, text] as const)))(
    'takes %s: %j',
    async (_, text) => {
      expect(await reviewOf(text)).toMatchObject({ verdict: 'run' });
    },
  );
});

const standIns = builtInHandlers.flatMap(({ managedTemplates = [] }) => managedTemplates.map(({ handler }) => handler));

test.each(standIns)('arguments for %s are refused with their place, or fit', async (handler) => {
  const texts = Object.values(HOSTILE_TEXTS).flat();
  const lists = [
    [],
    ...texts.map((text) => [text]),
    ...texts.map((text) => ['https://a.example/f', text]),
    ['a', 'b', 'c', 'd'],
  ];
  for (const args of lists) {
    const step = {
      action: { name: 'x', type: 'runHandler', input: { handler, args, path: 'default' }, runAsUser: '' },
    };
    const parsed = parseJobDocument({ version: '1.0', steps: [step] });
    const review = parsed.ok ? await setup.stepRunner.review(parsed.plan) : { verdict: 'reject', ...parsed };
    expect(['run', 'reject'], JSON.stringify(args)).toContain(review.verdict);
    if (!('rejection' in review)) continue;
    expect(review.rejection.pointer).toMatch(/^\/steps\/0\/action\/input\/args/);
    expect(review.rejection.reason).not.toMatch(HELPLESS);
  }
});

describe.each(Object.entries(BAD_PARAMETERS))('%s refuses besides', (operation, rows) => {
  test.each(rows)('%j', (parameters, pointer, reason) => {
    const problem = registry.checkParameters(handlerOf(operation), parameters);
    expect(problem?.pointer).toBe(pointer);
    expect(problem?.reason).toContain(reason);
  });
});

describe.each(Object.keys(BAD_PARAMETERS))('%s', (operation) => {
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

test('whatever package name is let through begins no option, ends no removal, and leaves no folder', () => {
  const piece = fc.constantFrom(...'aZ09:-_.+=~^@/ *$;', '..', '--');
  checkProperty(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const name = pieces.join('');
      if (registry.checkParameters(handlerOf('install-packages'), install({ packages: [name] })) !== undefined) return;
      expect(name).toMatch(/^[A-Za-z0-9][\w+.:-]*(=[A-Za-z0-9][\w.+:~^-]*)?$/);
      expect(name.split('=')[0]).not.toMatch(/-$/);
      expect(name).not.toContain('..');
    }),
    { numRuns: 200 },
  );
});

test.each([
  'g++',
  'libc6:amd64',
  'python3.11',
  'mosquitto=2.0.11-1.2+deb12u1',
  'a=1:2.3~rc1',
  'busybox=1.36.1-r5',
  'libstdc++6',
  'kernel_modules',
])('%s is the name of a package', (name) => {
  expect(registry.checkParameters(handlerOf('install-packages'), { packages: [name] })).toBeUndefined();
});

function handlerOf(operation: string): JobHandler {
  const handler = registry.find(operation);
  if (handler === undefined) throw new Error(`no handler does ${operation}`);
  return handler;
}
