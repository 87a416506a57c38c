/** JSON Schema by ajv. The first problem is enough: a job is rejected for one. */
import { Ajv, type ErrorObject } from 'ajv';
import type { CompileSchema, SchemaCheck } from '../../ports/schema-check.ts';
import { problemOf } from './schema-problem.ts';
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
      const reason = `cannot be checked: it ${error.message}; look for a pattern of the schema that is slow`;
      return { pointer: '', reason };
    }
  };
}

function schemaProblem(errors: readonly ErrorObject[]): string {
  const { pointer, reason } = problemOf(errors.slice(0, 1)); // of the schema of schemas: its unions say less
  return `${pointer} ${reason}`.trimStart();
}
