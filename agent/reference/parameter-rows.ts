/** The parameters of an operation as rows of a table: nested ones under names such as `units[].name`. */
import type { JsonSchema } from './json-schema.ts';

export const PARAMETER_COLUMNS: readonly string[] = ['Parameter', 'Type', 'Default', 'Limits', 'What it is'];

export function parameterRows(schema: JsonSchema, prefix = ''): readonly (readonly string[])[] {
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    rowsOf(`${prefix}${name}`, property, schema.required?.includes(name) ?? false),
  );
  return [...named, ...freeMembers(schema).flatMap((member) => rowsOf(`${prefix}*`, member, false))];
}

function rowsOf(name: string, schema: JsonSchema, isRequired: boolean): readonly (readonly string[])[] {
  const row = [
    `\`${name}\``,
    typeOf(schema),
    defaultOf(schema, isRequired),
    limitsOf(schema),
    schema.description ?? '',
  ];
  return [row, ...nestedRows(name, schema)];
}

function nestedRows(name: string, schema: JsonSchema): readonly (readonly string[])[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((branch) => branchRows(name, branch, schema));
  if (isTuple(schema)) {
    return schema.items.flatMap((item, index) => (isPlain(item) ? [] : nestedRows(`${name}[${index}]`, item)));
  }
  if (schema.items !== undefined && !Array.isArray(schema.items)) {
    return nestedRows(`${name}[]`, schema.items as JsonSchema);
  }
  return parameterRows(schema, `${name}.`);
}

/** Members of an object that is one of several forms, with what tells the forms apart. */
function branchRows(name: string, branch: JsonSchema, { anyOf = [] }: JsonSchema): readonly (readonly string[])[] {
  const rows = nestedRows(name, branch);
  const objects = anyOf.filter(({ type }) => type === 'object');
  const marks = Object.entries(branch.properties ?? {}).filter(([, property]) => property.const !== undefined);
  if (objects.length < 2 || marks.length === 0) return rows;
  const where = marks.map(([member, property]) => `\`${member}\` is ${code(property.const)}`).join(' and ');
  return rows.map(([parameter = '', type = '', byDefault = '', limits = '', text = '']) => [
    parameter,
    type,
    byDefault,
    limits,
    `Where ${where}. ${text}`.trim(),
  ]);
}

function typeOf(schema: JsonSchema): string {
  const { type, anyOf, items } = schema;
  if ('const' in schema) return code(schema.const);
  if (schema.enum !== undefined) return listed(schema.enum.map(code));
  if (anyOf !== undefined) return listed([...new Set(anyOf.map(typeOf))]);
  if (isTuple(schema)) return `list of ${schema.items.map(typeOf).join(', then ')}`;
  if (type === 'array') return items === undefined ? 'list' : `list of ${plural(typeOf(items as JsonSchema))}`;
  if (type === 'integer') return 'whole number';
  return type ?? 'any value';
}

function defaultOf(schema: JsonSchema, isRequired: boolean): string {
  if (isRequired) return 'required';
  return schema.default === undefined ? 'none' : code(schema.default);
}

function limitsOf(schema: JsonSchema): string {
  const { expected, minLength, maxLength, minimum, maximum, minItems, maxItems, uniqueItems, items, anyOf } = schema;
  const each = items === undefined || isTuple(schema) ? '' : limitsOf(items as JsonSchema);
  const forms = new Set((anyOf ?? []).map(limitsOf).filter((limits) => limits !== ''));
  return [
    expected ?? '',
    schema.pattern !== undefined && expected === undefined ? `matches ${code(schema.pattern)}` : '',
    range(minLength, maxLength, 'characters'),
    range(minimum, maximum, ''),
    isTuple(schema) ? '' : range(minItems, maxItems, 'entries'),
    range(schema.minProperties, schema.maxProperties, 'members'),
    uniqueItems === true ? 'none twice' : '',
    each === '' ? '' : `each: ${each}`,
    [...forms].join(' or '),
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** `1 to 32 entries`, `at least 1`, `at most 4,095 characters`. */
function range(least: number | undefined, most: number | undefined, unit: string): string {
  const words = unit === '' ? '' : ` ${unit}`;
  if (least === undefined) return most === undefined ? '' : `at most ${inDigits(most)}${words}`;
  return most === undefined ? `at least ${inDigits(least)}${words}` : `${inDigits(least)} to ${inDigits(most)}${words}`;
}

function inDigits(value: number): string {
  return value.toLocaleString('en-US');
}

function plural(type: string): string {
  return /^(string|object|number|whole number|boolean|list)$/.test(type) ? `${type}s` : type;
}

function listed(words: readonly string[]): string {
  return words.length < 3 ? words.join(' or ') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function freeMembers({ patternProperties = {}, additionalProperties }: JsonSchema): readonly JsonSchema[] {
  return [
    ...Object.values(patternProperties),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
}

function isTuple(schema: JsonSchema): schema is JsonSchema & { readonly items: readonly JsonSchema[] } {
  return Array.isArray(schema.items);
}

function isPlain({ properties, items, anyOf }: JsonSchema): boolean {
  return properties === undefined && items === undefined && anyOf === undefined;
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
