/**
 * JSON Schema of native job documents, for editors. The parameters come from the handlers; the members of a document and of
 * a step stand here, and test/rules/job-document-schema.test.ts holds them against agent/core/native-document.ts.
 */
import type { JobHandler } from '../../agent/handler-api.ts';
import type { JsonSchema } from '../../agent/reference/json-schema.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { CONDITION } from './condition-schema.ts';

type Json = Readonly<Record<string, unknown>>;

const OPERATION: Json = {
  description: 'What is to be done: an operation of the agent, or the name of a file in handlersDir.',
  anyOf: [
    { enum: builtInHandlers.map(({ operation }) => operation) },
    { type: 'string', maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' },
  ],
};

/** Of a document of several steps and of one, and of a step: what each may have of them is below. */
const MEMBERS = {
  operation: OPERATION,
  parameters: { type: 'object', description: 'What the handler is told.' },
  name: {
    type: 'string',
    minLength: 1,
    pattern: '^[^\\u0000]*$',
    description: 'What the step is called in progress and reasons; else the operation.',
  },
  timeoutSeconds: {
    type: 'integer',
    minimum: 1,
    maximum: 604_800,
    description:
      'Longer than that, and the step is stopped and the job FAILED. Beside steps: one limit for all of them.',
  },
  runAs: {
    type: 'string',
    maxLength: 32,
    pattern: '^[a-z_][a-z0-9_-]*[$]?$',
    description: 'The user that the agent changes to. It must be in runAsUsers.',
  },
  onFailure: {
    enum: ['stop', 'continue'],
    description: 'When the step fails: stop (the default) ends the job, continue goes on with the next step.',
  },
  retries: {
    type: 'object',
    properties: {
      count: { type: 'integer', minimum: 1, maximum: 10, description: 'How often at most, after the first time.' },
      delaySeconds: {
        type: 'integer',
        minimum: 0,
        maximum: 86_400,
        default: 60,
        description: 'Between a failure and the next start.',
      },
    },
    required: ['count'],
    additionalProperties: false,
    description: 'A step that has failed is run again.',
  },
  runIf: { $ref: '#/definitions/condition' },
  includeStdOut: { type: 'boolean', description: 'Whether the end of stdout goes into the status details.' },
  steps: {
    type: 'array',
    minItems: 1,
    maxItems: 50,
    items: { $ref: '#/definitions/step' },
    description: 'Done one after the other; the first that fails ends the job.',
  },
  rollback: {
    $ref: '#/definitions/rollback',
    description: 'Done when a later step fails and this one had succeeded; the last first.',
  },
  finally: {
    type: 'array',
    minItems: 1,
    maxItems: 50,
    items: { $ref: '#/definitions/always' },
    description: 'Done in the end, whatever became of the steps.',
  },
} as const satisfies Readonly<Record<string, Json>>;

type Member = keyof typeof MEMBERS;

const STEP_MEMBERS: readonly Member[] = [
  'operation',
  'parameters',
  'name',
  'timeoutSeconds',
  'runAs',
  'onFailure',
  'retries',
  'runIf',
];
const SINGLE_MEMBERS: readonly Member[] = [...STEP_MEMBERS, 'includeStdOut'];
const ROLLBACK_MEMBERS: readonly Member[] = ['operation', 'parameters', 'name', 'timeoutSeconds', 'runAs', 'retries'];
const SEVERAL_MEMBERS: readonly Member[] = ['steps', 'finally', 'includeStdOut', 'timeoutSeconds'];

export function jobDocumentSchema(): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Made by `npm run docs` from handlers/ and scripts/docs/job-document-schema.ts.',
    title: 'Job document of iot-job-agent',
    description: 'The native format: docs/job-documents.md.',
    type: 'object',
    if: { required: ['steps'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, and nobody awaits this
    then: { $ref: '#/definitions/several' },
    else: { $ref: '#/definitions/single' },
    definitions: {
      several: objectOf(SEVERAL_MEMBERS, ['steps']),
      single: stepOf(SINGLE_MEMBERS),
      step: stepOf([...STEP_MEMBERS, 'rollback']),
      always: stepOf(STEP_MEMBERS),
      rollback: stepOf(ROLLBACK_MEMBERS),
      condition: CONDITION,
      parametersByOperation: { allOf: builtInHandlers.map(parametersRule) },
      ...Object.fromEntries(
        builtInHandlers.map(({ operation, parameters, summary }) => [
          operation,
          { ...forEditors(parameters as unknown as JsonSchema), description: summary },
        ]),
      ),
    },
  };
}

export function renderJobDocumentSchema(): string {
  return `${JSON.stringify(jobDocumentSchema(), undefined, 2)}\n`;
}

function stepOf(members: readonly Member[]): Json {
  return { ...objectOf(members, ['operation']), allOf: [{ $ref: '#/definitions/parametersByOperation' }] };
}

function objectOf(members: readonly Member[], required: readonly Member[]): Json {
  const properties = Object.fromEntries(members.map((member) => [member, MEMBERS[member]]));
  return { type: 'object', properties, required, additionalProperties: false };
}

/** Where the operation is this one, its parameters are its own; left out they are `{}`. */
function parametersRule({ operation, parameters }: JobHandler): Json {
  const { required = [] } = parameters as unknown as JsonSchema;
  return {
    if: { properties: { operation: { const: operation } }, required: ['operation'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, and nobody awaits this
    then: {
      properties: { parameters: { $ref: `#/definitions/${operation}` } },
      ...(required.length === 0 ? {} : { required: ['parameters'] }),
    },
  };
}

/** `patternErrorMessage` is what VS Code shows in place of the pattern. */
function forEditors(schema: JsonSchema): Json {
  const told = Object.entries(schema).filter(([keyword]) => keyword !== 'expected' && keyword !== 'writeOnly');
  const converted = Object.fromEntries(told.map(([keyword, value]) => [keyword, convertWithin(keyword, value)]));
  if (schema.expected === undefined || schema.pattern === undefined) return converted;
  const pattern = orToBeSigned(String(schema.pattern));
  return { ...converted, pattern, patternErrorMessage: `Expected ${schema.expected}.` };
}

/** `${aws:iot:s3-presigned-url-v2:https://…}`: AWS IoT has put a URL there when the gateway receives the document. */
function orToBeSigned(pattern: string): string {
  return pattern.startsWith('^[Hh][Tt][Tt][Pp]') ? `${pattern}|^\\$\\{aws:iot:.+\\}$` : pattern;
}

function convertWithin(keyword: string, value: unknown): unknown {
  if (keyword === 'properties' || keyword === 'patternProperties') {
    const members = Object.entries(value as Readonly<Record<string, JsonSchema>>);
    return Object.fromEntries(members.map(([name, schema]) => [name, forEditors(schema)]));
  }
  if (keyword !== 'items' && keyword !== 'anyOf' && keyword !== 'additionalProperties') return value;
  if (Array.isArray(value)) return value.map((schema: JsonSchema) => forEditors(schema));
  return typeof value === 'object' && value !== null ? forEditors(value as JsonSchema) : value;
}
