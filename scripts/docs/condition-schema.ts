/** JSON Schema of `runIf`, for editors. test/rules/job-document-schema.test.ts holds it against agent/core/condition.ts. */
type Json = Readonly<Record<string, unknown>>;

const NAME: Json = { type: 'string', maxLength: 128, pattern: '^[A-Za-z0-9._-]+$' };
const PATH: Json = { type: 'string', maxLength: 4096, pattern: '^/(?!(?:.*/)?\\.\\.(?:/|$))[^\\u0000]*$' };
const SEVERAL: Json = { type: 'array', minItems: 1, maxItems: 20, items: { $ref: '#/definitions/condition' } };

function names(description: string): Json {
  return { description, anyOf: [NAME, { type: 'array', minItems: 1, maxItems: 20, items: NAME }] };
}

/** Bounds with commas between. */
function versions(description: string, version: string): Json {
  const bound = ` *(?:[<>]=?|!?=)? *${version} *`;
  return { description, type: 'string', maxLength: 128, pattern: `^${bound}(?:,${bound})*$` };
}

const NUMBERS = '\\d{1,9}(?:\\.\\d{1,9}){0,9}';

export const CONDITION: Json = {
  type: 'object',
  description: 'The step runs where this holds, and is skipped elsewhere. Several members have all to hold.',
  properties: {
    architecture: names('Of the programs here, such as arm64 (or aarch64), armhf, armv7l, amd64.'),
    os: names('ID of os-release, such as debian, ubuntu, raspbian.'),
    osVersion: versions('VERSION_ID of os-release, such as >= 12.', NUMBERS),
    kernelVersion: versions('Such as >= 6.1, < 7.', NUMBERS),
    agentVersion: versions('Of this agent.', NUMBERS),
    package: {
      type: 'object',
      description: 'Installed, and in such a version where one is given.',
      properties: {
        name: { type: 'string', maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9+._-]*$' },
        version: versions('As the package manager compares.', '[A-Za-z0-9][A-Za-z0-9.+~:^_-]*'),
      },
      required: ['name'],
      additionalProperties: false,
    },
    freeSpace: {
      type: 'object',
      description: 'At least so much is free for the agent’s user where the path is.',
      properties: { path: PATH, bytes: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } },
      required: ['path', 'bytes'],
      additionalProperties: false,
    },
    fileExists: { ...PATH, description: 'A file, folder or anything else; links are followed.' },
    all: SEVERAL,
    any: SEVERAL,
    not: { $ref: '#/definitions/condition' },
  },
  minProperties: 1,
  additionalProperties: false,
};
