/** The errors of ajv in words: what was expected, and what came. */
import type { ErrorObject } from 'ajv';
import { describeMistyped, describeValue } from '../../core/describe-value.ts';
import type { JsonValue } from '../../core/json.ts';

export function expectedOf({ keyword, params, parentSchema }: ErrorObject): string {
  if (keyword === 'enum') return oneOf(params.allowedValues);
  if (keyword === 'const') return JSON.stringify(params.allowedValue);
  if (keyword === 'type') return parentSchema?.expected ?? typesInWords([params.type].flat());
  if (keyword === 'false schema') return 'nothing here';
  const limit = LIMIT_WORDS[keyword];
  if (limit !== undefined) return `${limit} ${params.limit ?? params.multipleOf}`;
  if (parentSchema?.expected !== undefined) return parentSchema.expected;
  return keyword === 'pattern' ? `text that matches ${params.pattern}` : `what the schema says under "${keyword}"`;
}

export function oneOf(values: readonly unknown[]): string {
  return `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
}

/** `a string or an object`. */
export function typesInWords(types: readonly string[]): string {
  const words = new Set(types.map((type) => `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`));
  return [...words].join(' or ').replace('a null', 'null');
}

const LIMIT_WORDS: Readonly<Record<string, string>> = {
  minLength: 'a length of at least',
  maxLength: 'a length of at most',
  minItems: 'a number of entries of at least',
  maxItems: 'a number of entries of at most',
  additionalItems: 'a number of entries of at most',
  minProperties: 'a number of members of at least',
  maxProperties: 'a number of members of at most',
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'more than',
  exclusiveMaximum: 'less than',
  multipleOf: 'a multiple of',
};

/** What came, as far as it may be shown: it ends up in status details, which more people read than the document. */
export function shown({ data, keyword, parentSchema }: Pick<ErrorObject, 'data' | 'keyword' | 'parentSchema'>): string {
  if (Array.isArray(data) && data.length > 0) return `an array of ${data.length}`;
  if (typeof data !== 'string' || data === '') return describeValue(data as JsonValue);
  // In the place of something else it may be anything, such as a whole command line with its passwords (I9).
  const isHidden =
    parentSchema?.writeOnly === true || keyword === 'type' || keyword === 'maxLength' || isMixed(parentSchema);
  return isHidden ? describeMistyped(data) : describeValue(data);
}

/** A union of more than values: a string there may stand in the place of something else, too. */
function isMixed(schema: ErrorObject['parentSchema']): boolean {
  const branches: readonly object[] = schema?.anyOf ?? schema?.oneOf ?? [];
  return branches.some((branch) => !('const' in branch) && !('enum' in branch));
}
