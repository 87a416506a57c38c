/** JSON Schema by ajv, with its terse messages put into words. The first problem is enough: a job is rejected for one. */
import { Ajv, type ErrorObject } from 'ajv';
import { describeMistyped, describeValue } from '../../core/describe-value.ts';
import type { JsonValue } from '../../core/json.ts';
import { pointerSegment } from '../../core/json-place.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { CompileSchema, SchemaCheck, SchemaProblem } from '../../ports/schema-check.ts';
import { createTimeLimit, TimeLimitError, type WithinTime } from './time-limit.ts';

/** Ours, beside JSON Schema's: what an error says was wanted, where a pattern would not help anyone. */
const OWN_KEYWORDS = ['expected'];

/** Of a schema from a file; a large one takes 20 ms, on a small board five times as long. */
const COMPILE_LIMIT_MS = 2_000;
/** A check takes microseconds; meanwhile the process does nothing else. */
const CHECK_LIMIT_MS = 500;

export function createAjvCompiler(): CompileSchema {
  const ajv = createAjv();
  let withinTime: WithinTime | undefined;
  return (schema, origin = 'built-in') => {
    if (origin === 'file') {
      withinTime ??= createTimeLimit();
      return compileFromFile(schema, withinTime);
    }
    const validate = ajv.compile(schema);
    return (value) => (validate(value) ? undefined : problemOf(validate.errors ?? []));
  };
}

function createAjv(): Ajv {
  // Numbers stay numbers: a document is JSON, and what is quoted there is text.
  const ajv = new Ajv({ strict: true, verbose: true, coerceTypes: false, removeAdditional: false });
  for (const keyword of OWN_KEYWORDS) ajv.addKeyword(keyword);
  return ajv;
}

/** By an Ajv of its own: it keeps every schema it has seen, and a name that one has given no other may give. */
function compileFromFile(schema: object, withinTime: WithinTime): SchemaCheck {
  const validate = withinTime(COMPILE_LIMIT_MS, () => {
    const ajv = createAjv();
    if (ajv.validateSchema(schema) !== true) throw new Error(schemaProblem(ajv.errors ?? []));
    return ajv.compile(schema);
  });
  return (value) => {
    try {
      return withinTime(CHECK_LIMIT_MS, () => (validate(value) ? undefined : problemOf(validate.errors ?? [])));
    } catch (error) {
      if (!(error instanceof TimeLimitError)) throw error;
      return at('', `cannot be checked: it ${error.message}; look for a pattern of the schema that is slow`);
    }
  };
}

function schemaProblem(errors: readonly ErrorObject[]): string {
  const { pointer, reason } = problemOf(errors.slice(0, 1)); // of the schema of schemas: its unions say less
  return `${pointer} ${reason}`.trimStart();
}

function problemOf(errors: readonly ErrorObject[]): SchemaProblem {
  const error = errors.at(-1); // a union lists its branches first and itself last
  if (error === undefined) return { pointer: '', reason: 'does not fit the schema' };
  switch (error.keyword) {
    case 'required':
      return missingMember(error);
    case 'additionalProperties':
      return unknownMember(error, String(error.params.additionalProperty));
    default:
      return at(error.instancePath, `expected ${expectedOf(error)}, got ${shown(error)}`);
  }
}

/** A member that is not known is told first: it may be the missing one, misspelt. */
function missingMember(error: ErrorObject): SchemaProblem {
  const { instancePath, params, data, parentSchema } = error;
  const { properties = {}, additionalProperties } = parentSchema ?? {};
  const unknown = Object.keys(data as object).find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined && additionalProperties === false) return unknownMember(error, unknown);
  return at(`${instancePath}${pointerSegment(params.missingProperty)}`, 'is required, and missing');
}

function unknownMember(error: ErrorObject, name: string): SchemaProblem {
  const known = Object.keys(error.parentSchema?.properties ?? {});
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `known here: ${known.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  return at(`${error.instancePath}${pointerSegment(name)}`, `is not known; ${hint}`);
}

function expectedOf({ keyword, params, parentSchema }: ErrorObject): string {
  if (keyword === 'enum') return oneOf(params.allowedValues);
  const constants = parentSchema?.anyOf?.map((branch: { const?: unknown }) => branch.const);
  if (keyword === 'anyOf' && constants?.every((value: unknown) => value !== undefined)) return oneOf(constants);
  if (keyword === 'type')
    return (
      parentSchema?.expected ??
      `${params.type === 'array' || params.type === 'object' || params.type === 'integer' ? 'an' : 'a'} ${params.type}`
    );
  const limit = LIMIT_WORDS[keyword];
  if (limit !== undefined) return `${limit} ${params.limit}`;
  return parentSchema?.expected ?? `what the schema says under "${keyword}"`;
}

function oneOf(values: readonly unknown[]): string {
  return `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
}

const LIMIT_WORDS: Readonly<Record<string, string>> = {
  minLength: 'a length of at least',
  maxLength: 'a length of at most',
  minItems: 'a number of entries of at least',
  maxItems: 'a number of entries of at most',
  minimum: 'at least',
  maximum: 'at most',
};

/** What came, as far as it may be shown: it ends up in status details, which more people read than the document. */
function shown({ data, keyword, parentSchema }: ErrorObject): string {
  if (Array.isArray(data) && data.length > 0) return `an array of ${data.length}`;
  if (typeof data !== 'string' || data === '') return describeValue(data as JsonValue);
  // In the place of something else it may be anything, such as a whole command line with its passwords (I9).
  const isHidden = parentSchema?.writeOnly === true || keyword === 'type' || keyword === 'maxLength';
  return isHidden ? describeMistyped(data) : describeValue(data);
}

function at(pointer: string, reason: string): SchemaProblem {
  return { pointer, reason };
}
