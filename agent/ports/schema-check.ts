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
 * @throws Error when the schema itself is wrong.
 */
export type CompileSchema = (schema: object) => SchemaCheck;
