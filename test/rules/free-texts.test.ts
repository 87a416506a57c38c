/** An operation is not added without saying which hostile texts its parameters refuse, and which they take and why. */
import { describe, expect, test } from 'vitest';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { FREE_TEXTS, HOSTILE_TEXTS } from '../handlers/free-text.ts';
import { freeTextNames, placesOfOperation } from '../handlers/operation-places.ts';

describe('the table of free texts', () => {
  test('has every free-text parameter of every operation, and no other', () => {
    const problems = builtInHandlers.flatMap((handler) => {
      const known = Object.keys(FREE_TEXTS[handler.operation] ?? {});
      const wanted = freeTextNames(handler);
      return [
        ...wanted
          .filter((name) => !known.includes(name))
          .map((name) => `add '${handler.operation}': { '${name}': … } to test/handlers/free-text.ts`),
        ...known
          .filter((name) => !wanted.includes(name))
          .map((name) => `${handler.operation} has no free text ${name}: remove it from test/handlers/free-text.ts`),
      ];
    });
    expect(problems).toEqual([]);
    expect(
      Object.keys(FREE_TEXTS).filter((name) => !builtInHandlers.some(({ operation }) => operation === name)),
    ).toEqual([]);
  });

  test('says of every kind of hostile text whether it is refused, or taken and why', () => {
    for (const [operation, parameters] of Object.entries(FREE_TEXTS)) {
      for (const [name, { refuses, takes = {} }] of Object.entries(parameters)) {
        expect([...refuses, ...Object.keys(takes)].sort(), `${name} of ${operation}`).toEqual(
          Object.keys(HOSTILE_TEXTS).sort(),
        );
      }
    }
  });

  test('every pattern says in words what it expects, every number has both limits, every list an end', () => {
    const problems = builtInHandlers.flatMap((handler) =>
      placesOfOperation(handler).flatMap(({ schema, name }) => {
        const { pattern, expected, type, minimum, maximum, maxItems } = schema;
        const isOpen = (type === 'integer' || type === 'number') && (minimum === undefined || maximum === undefined);
        return [
          ...(pattern !== undefined && expected === undefined
            ? [`${handler.operation}: give ${name} an \`expected\``]
            : []),
          ...(isOpen ? [`${handler.operation}: give ${name} a minimum and a maximum`] : []),
          ...(type === 'array' && maxItems === undefined ? [`${handler.operation}: give ${name} a maxItems`] : []),
        ];
      }),
    );
    expect(problems).toEqual([]);
  });
});
