/** Checks values against a JSON Schema, and says what is wrong in words for the person who wrote the value. */
export interface SchemaProblem {
  /** JSON pointer (RFC 6901) into the value; empty for the whole. */
  readonly pointer: string;
  /** `expected …, got …`. Never shows a value whose schema is marked `writeOnly`. */
  readonly reason: string;
}

/** @returns the first problem, or nothing when the value fits. */
export type SchemaCheck = (value: unknown) => SchemaProblem | undefined;

/**
 * Made once a schema: compiling is much slower than checking.
 * @param origin of the schema; `built-in` unless given. One from a file may be wrong in any way: no schema and no value
 * keeps the process longer than a limit, and nothing of it is kept but the check.
 * @throws Error when the schema itself is wrong, with the place in it.
 */
export type CompileSchema = (schema: object, origin?: SchemaOrigin) => SchemaCheck;

export type SchemaOrigin = 'built-in' | 'file';
