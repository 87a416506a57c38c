/** Calls of every operation, as data: each of AWS's clients makes them, in this order. */
import type { JsonObject, JsonValue } from '../../../agent/core/json.ts';
import type { AwsService } from './aws-caller.ts';

export interface Step {
  readonly service: AwsService;
  readonly operation: string;
  /** `{{name}}` in its texts stands for what an earlier step kept. */
  readonly input: JsonObject;
  /** Members that its output has, and maybe others; a member that is `null` is absent. */
  readonly gives?: JsonObject;
  /** AWS's name of the error that it ends in, and the HTTP status. */
  readonly refused?: readonly [name: string, status: number];
  /** What is kept of its output: names with paths. */
  readonly keeps?: Readonly<Record<string, string>>;
}

type Expected = Omit<Step, 'service' | 'operation' | 'input'>;

export function control(operation: string, input: JsonObject, expected: Expected = {}): Step {
  return { service: 'iot', operation, input, ...expected };
}

export function device(operation: string, input: JsonObject, expected: Expected = {}): Step {
  return { service: 'iot-jobs-data', operation, input, ...expected };
}

export type Kept = Map<string, string>;

/** The step's texts with what was kept put in. @throws Error for a name that no step kept. */
export function fillIn(value: JsonValue, kept: Kept): JsonValue {
  if (typeof value === 'string') {
    return value.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const text = kept.get(name);
      if (text === undefined) throw new Error(`no step kept ${name}`);
      return text;
    });
  }
  if (Array.isArray(value)) return value.map((item) => fillIn(item, kept));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fillIn(item ?? null, kept)]));
}

/** `a.0.b` of an output. */
export function atPath(output: JsonValue | undefined, path: string): string {
  const found = path.split('.').reduce<unknown>((value, name) => Object(value)[name], output);
  if (typeof found !== 'string') throw new Error(`the output has no text at ${path}: ${JSON.stringify(output)}`);
  return found;
}
