/** Whatever JSON can say, and texts that a parser takes and a serialiser would not write. */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import type { Random } from '../power/random.ts';
import { drawPayload, oneOf } from './draw-texts.ts';

const NAMES = [
  'operation',
  'parameters',
  'steps',
  'version',
  'args',
  'path',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'length',
  '',
  'a',
  '\u0000',
  '\ud800',
  '$ref',
  'toJSON',
];
const NUMBERS = [0, -0, 1, -1, 1.5, 1e21, 1e300, -1e300, 2 ** 53, 2 ** 31, -(2 ** 63), 5e-324];

export function drawJson(random: Random, depth = 0): JsonValue {
  switch (random.below(depth > 3 ? 4 : 7)) {
    case 0:
      return oneOf(random, [null, true, false]);
    case 1:
      return oneOf(random, NUMBERS);
    case 2:
      return drawPayload(random);
    case 3:
      return oneOf(random, NAMES);
    case 4:
      return Array.from({ length: random.below(5) }, () => drawJson(random, depth + 1));
    default:
      return drawObject(random, depth);
  }
}

function drawObject(random: Random, depth: number): JsonObject {
  const members = Array.from(
    { length: random.below(5) },
    () => [oneOf(random, NAMES), drawJson(random, depth + 1)] as const,
  );
  return Object.fromEntries(members);
}

/** Texts of objects, as the service takes no other documents. */
export function drawRawText(random: Random): string {
  return oneOf<() => string>(random, [
    () => '{"operation": "record", "operation": "../record"}',
    () => '{"operation": "../record", "operation": "record"}',
    () => '{"operation": "write-file", "parameters": {"path": "a", "path": "../a", "content": "x"}}',
    () => '{"operation": "run-command", "parameters": {"command": ["probe", "\\ud800"]}}',
    () => '{"operation": "run-command", "parameters": {"command": ["probe", "\\u0000"]}}',
    () => '{"operation": "record", "timeoutSeconds": 1e400}',
    () => '{"operation": "record", "timeoutSeconds": 10.0}',
    () => '{"operation": "record", "timeoutSeconds": 1E1}',
    () => `{"operation": "record", "timeoutSeconds": ${'9'.repeat(4000)}}`,
    () => `{"operation": "record", "parameters": {"n": -${'0.'}${'0'.repeat(3000)}1}}`,
    () => `{"operation": "record", "parameters": ${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}`,
    () => `{"operation": "record", "parameters": {"a": ${'['.repeat(10_000)}${']'.repeat(10_000)}}}`,
    () => `{"operation": "record", "parameters": {"${'k'.repeat(20_000)}": 1}}`,
    () => `{"operation": "${'x'.repeat(30_000)}"}`,
    () => `{${Array.from({ length: 2000 }, (_, index) => `"m${index}": ${index}`).join(',')}}`,
    () => '{"__proto__": {"operation": "record"}}',
    () => '{"constructor": {"prototype": {"operation": "record"}}}',
    () => '{"operation": "record", "parameters": {"__proto__": {"x": 1}}}',
    () => '{"\\u006fperation": "record"}',
    () => '\n\t {"operation"\r\n:\t"record"\n}\n ',
    () => '{"operation": "rec\\u006frd\\u200b"}',
    () => '{"Operation": "record"}',
    () => '{}',
  ])();
}
