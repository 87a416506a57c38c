/** What is wrong with a value, in words, from the errors of ajv; of the forms of a union the one that was probably meant. */
import type { ErrorObject } from 'ajv';
import { pointerSegment } from '../../core/json-place.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { SchemaProblem } from '../../ports/schema-check.ts';
import { expectedOf, oneOf, shown, typesInWords } from './error-words.ts';

/** @param errors of which the last is about the whole, and those before it about its parts. */
export function problemOf(errors: readonly ErrorObject[]): SchemaProblem {
  const error = errors.at(-1);
  if (error === undefined) return at('', 'does not fit the schema');
  const { keyword, instancePath, params } = error;
  switch (keyword) {
    case 'required':
    case 'dependencies':
      return missingMember(error);
    case 'additionalProperties':
      return unknownMember(error, String(params.additionalProperty));
    case 'uniqueItems':
      return repeatedEntry(error);
    case 'propertyNames':
      return wrongName(error, errors.at(-2));
    case 'anyOf':
    case 'oneOf':
      return unionProblem(error, errors.slice(0, -1));
    case 'if': // what its other branch said stands before it
      return problemOf(errors.slice(0, -1));
    default:
      return at(instancePath, `expected ${expectedOf(error)}, got ${shown(error)}`);
  }
}

/** A member that is not known is told first: it may be the missing one, misspelt. */
function missingMember(error: ErrorObject): SchemaProblem {
  const { instancePath, params, data, parentSchema } = error;
  const { properties = {}, patternProperties, additionalProperties } = parentSchema ?? {};
  const unknown = Object.keys(data as object).find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined && additionalProperties === false && patternProperties === undefined) {
    return unknownMember(error, unknown);
  }
  const beside = typeof params.property === 'string' ? ` beside ${params.property}` : '';
  return at(`${instancePath}${pointerSegment(params.missingProperty)}`, `is required${beside}, and missing`);
}

function unknownMember(error: ErrorObject, name: string): SchemaProblem {
  const { properties = {}, patternProperties = {} } = error.parentSchema ?? {};
  const known = [
    ...Object.keys(properties),
    ...Object.keys(patternProperties).map((pattern) => `what matches ${pattern}`),
  ];
  const nearest = nearestName(name, Object.keys(properties));
  const hint = nearest === undefined ? `known here: ${known.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  return at(`${error.instancePath}${pointerSegment(name)}`, `is not known; ${hint}`);
}

/** @param inner what the schema of names says of this one. */
function wrongName({ instancePath, params }: ErrorObject, inner: ErrorObject | undefined): SchemaProblem {
  const wanted = inner === undefined ? 'another name' : expectedOf(inner);
  return at(
    `${instancePath}${pointerSegment(String(params.propertyName))}`,
    `is no name for a member here; expected ${wanted}`,
  );
}

function repeatedEntry({ instancePath, params }: ErrorObject): SchemaProblem {
  const [first, second] = [Number(params.i), Number(params.j)].sort((one, other) => one - other);
  return at(`${instancePath}/${second}`, `is there twice: entry ${first} is the same`);
}

interface Branch {
  readonly number: number;
  readonly type?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, { readonly const?: unknown }>>;
}

/**
 * Of several forms the one that was probably meant has its problem told; where that is none, the forms are named.
 * @param inner what the branches said, each with its number in `schemaPath`.
 */
function unionProblem(error: ErrorObject, inner: readonly ErrorObject[]): SchemaProblem {
  const { instancePath, data, keyword, parentSchema, schemaPath, params } = error;
  if (params.passingSchemas) return at(instancePath, 'fits more than one of the forms that the schema allows');
  const branches: readonly Branch[] = (parentSchema?.[keyword] ?? []).map((branch: object, number: number) => ({
    ...branch,
    number,
  }));
  const forms = branches.filter((branch) => !isValue(branch));
  const fitting = forms.filter(({ type }) => fits(data, type));
  const marked = fitting.filter((branch) => hasMarks(data, branch));
  const wrongMark = marked.length === 0 ? markProblem(error, fitting) : undefined;
  if (wrongMark !== undefined) return wrongMark;
  const [meant] = [...(marked.length > 0 ? marked : fitting)].sort(
    (one, other) => likeness(data, other) - likeness(data, one),
  );
  const own = inner.filter((one) => one.schemaPath.startsWith(`${schemaPath}/${meant?.number}/`));
  if (own.length > 0) return problemOf(own);
  const values = branches.filter(isValue).flatMap((branch) => branch.enum ?? [branch.const]);
  const wanted = parentSchema?.expected ?? formsInWords(values, forms);
  return at(instancePath, `expected ${wanted}, got ${shown(error)}`);
}

function formsInWords(values: readonly unknown[], forms: readonly Branch[]): string {
  if (forms.length === 0) return oneOf(values);
  if (forms.some(({ type }) => type === undefined)) return 'one of the forms that the schema allows';
  const types = forms.flatMap(({ type }) => (typeof type === 'string' ? [type] : []));
  return [...values.map((value) => JSON.stringify(value)), typesInWords(types)].join(' or ');
}

function isValue(branch: Branch): boolean {
  return 'const' in branch || branch.enum !== undefined;
}

/** How many members of the value the form knows. */
function likeness(data: unknown, { properties = {} }: Branch): number {
  if (typeof data !== 'object' || data === null) return 0;
  return Object.keys(data).filter((name) => Object.hasOwn(properties, name)).length;
}

/** Whether each member that tells the forms apart, such as `kind`, says that it is this form. */
function hasMarks(data: unknown, branch: Branch): boolean {
  const marks = marksOf(branch);
  return (
    marks.length > 0 &&
    marks.every(([name, { const: value }]) => Object.hasOwn(data as object, name) && memberOf(data, name) === value)
  );
}

function marksOf({ properties = {} }: Branch) {
  return Object.entries(properties).filter(([, property]) => 'const' in property);
}

/** A member that tells all forms apart, and says none of them. */
function markProblem({ instancePath, data }: ErrorObject, branches: readonly Branch[]): SchemaProblem | undefined {
  const [first, ...others] = branches.map((branch) => marksOf(branch).map(([mark]) => mark));
  const name = first?.find((mark) => others.every((marks) => marks.includes(mark)));
  if (name === undefined) return undefined;
  const pointer = `${instancePath}${pointerSegment(name)}`;
  const values = branches.map(({ properties }) => properties?.[name]?.const);
  const wanted = values.length === 1 ? JSON.stringify(values[0]) : oneOf(values);
  if (!Object.hasOwn(data as object, name)) return at(pointer, `is required, and missing; expected ${wanted}`);
  return at(pointer, `expected ${wanted}, got ${shown({ data: memberOf(data, name), keyword: 'enum' })}`);
}

function memberOf(data: unknown, name: string): unknown {
  return (data as Readonly<Record<string, unknown>>)[name];
}

function fits(data: unknown, type: unknown): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(data);
    case 'object':
      return typeof data === 'object' && data !== null && !Array.isArray(data);
    case 'null':
      return data === null;
    case 'integer':
      return typeof data === 'number'; // one with a fraction is told that it should have none
    default:
      return typeof data === type;
  }
}

function at(pointer: string, reason: string): SchemaProblem {
  return { pointer, reason };
}
