import { expect, test } from 'vitest';
import { createAjvCompiler } from '../../agent/adapters/schema/ajv-check.ts';
import { type CommandHandler, type JobHandler, succeeded, Type } from '../../agent/handler-api.ts';
import { createHandlerRegistry } from '../../agent/runs/handler-registry.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { FACTS } from '../fixtures/step-handlers/step-runner-setup.ts';

const closed = Type.Object({ level: Type.Integer() }, { additionalProperties: false });

test('the built-in handlers are declared well', () => {
  expect(() => registryOf(...builtInHandlers)).not.toThrow();
  for (const { parameters } of builtInHandlers) expect(() => createAjvCompiler()(parameters)).not.toThrow();
});

test('two handlers of one operation are refused', () => {
  expect(() => registryOf(handler('a'), handler('a'))).toThrow('two handlers do a');
});

test.each(['A', 'a_b', 'a b', '-a', 'a--b', ''])('the operation name %j is refused', (operation) => {
  expect(() => registryOf(handler(operation))).toThrow('lower case words joined by hyphens');
});

test.each([Type.Object({}), Type.String(), Type.Object({}, { additionalProperties: true })])(
  'parameters %j let misspelt members pass and are refused',
  (parameters) => {
    expect(() => registryOf({ ...handler('a'), parameters } as JobHandler)).toThrow('additionalProperties: false');
  },
);

test.each([0, 256, -1, 1.5])('an exit code %j to be tried later is refused', (retryExitCode) => {
  expect(() => registryOf(command({ retryExitCode }))).toThrow('1 to 255');
});

test('one exit code cannot mean later and restart', () => {
  expect(() => registryOf(command({ retryExitCode: 75, rebootExitCode: 194 }))).not.toThrow();
  expect(() => registryOf(command({ retryExitCode: 75, rebootExitCode: 75 }))).toThrow('cannot mean both');
});

test('the schema is asked first, then the handler', () => {
  const checked = { ...handler('a'), check: () => ({ pointer: '/level', reason: 'too high' }) } as JobHandler;
  const registry = registryOf(checked);
  expect(registry.checkParameters(checked, { level: 'x' })?.reason).toContain('expected an integer');
  expect(registry.checkParameters(checked, { level: 1 })).toEqual({ pointer: '/level', reason: 'too high' });
});

test('a schema is compiled once, and only when it is needed', () => {
  const compiled: object[] = [];
  const compile = createAjvCompiler();
  const [used, unused] = [handler('a'), { ...handler('b'), parameters: { ...closed } }];
  const registry = createHandlerRegistry({
    handlers: [used, unused],
    compileSchema: (schema, origin) => {
      compiled.push(schema);
      return compile(schema, origin);
    },
    facts: FACTS,
  });
  expect(compiled).toEqual([]);
  for (const level of [1, 2]) expect(registry.checkParameters(used, { level })).toBeUndefined();
  expect(compiled).toEqual([used.parameters]);
  expect(compiled[0]).toBe(used.parameters);
});

test('a name of the object prototype is no operation', () => {
  expect(registryOf(handler('a')).find('constructor')).toBeUndefined();
});

function handler(operation: string): JobHandler {
  return {
    operation,
    kind: 'inline',
    summary: operation,
    parameters: closed,
    run: async () => succeeded(),
  } as JobHandler;
}

function command(exitCodes: Pick<CommandHandler, 'retryExitCode' | 'rebootExitCode'>): JobHandler {
  const { operation, summary, parameters } = handler('a');
  return { operation, summary, parameters, kind: 'command', command: () => ['true'], ...exitCodes };
}

function registryOf(...handlers: readonly JobHandler[]) {
  return createHandlerRegistry({ handlers, compileSchema: createAjvCompiler(), facts: FACTS });
}
