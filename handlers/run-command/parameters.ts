import { type Static, Type } from '../../agent/handler-api.ts';

/** AWS IoT Jobs takes documents of 32,768 characters (Developer Guide, job limits): nothing in one can be longer. */
const MAX_LENGTH = 32_768;

export const runCommandParameters = Type.Object(
  {
    command: Type.Array(
      Type.String({
        maxLength: MAX_LENGTH,
        pattern: '^[^\\u0000]*$', // execve(2) ends an argument at a null byte
        expected: 'a string without null bytes',
        writeOnly: true, // an argument may be a password
      }),
      {
        minItems: 1,
        maxItems: 256,
        expected: 'an array: the program, then each argument on its own',
        description: 'The program, absolute or found on PATH, and its arguments. No shell.',
      },
    ),
  },
  { additionalProperties: false },
);

export type RunCommandParameters = Static<typeof runCommandParameters>;
