import { type Static, Type } from '../../agent/handler-api.ts';

/** AWS IoT Jobs takes documents of 32,768 characters (Developer Guide, job limits): nothing in one can be longer. */
const MAX_LENGTH = 32_768;

function commandOf(description: string) {
  return Type.Optional(
    Type.Array(
      Type.String({
        maxLength: MAX_LENGTH,
        pattern: '^[^\\u0000]*$', // execve(2) ends an argument at a null byte
        expected: 'a string without null bytes',
        writeOnly: true, // an argument may be a password
      }),
      { minItems: 1, maxItems: 64, description },
    ),
  );
}

export const firmwareParameters = Type.Object(
  {
    bundle: Type.Optional(
      Type.String({
        maxLength: 4095, // PATH_MAX of limits.h counts the null byte at the end
        pattern: '^(?!(?:.*/)?\\.\\.(?:/|$))[^\\u0000-\\u001f\\u007f]*[^\\u0000-\\u001f\\u007f/]$',
        expected: 'the path of a file, without .. and not ending in /',
        description:
          'The bundle, artifact or image (.raucb, .swu, .mender); a relative path counts from the working folder of the execution, where a step before has put it.',
      }),
    ),
    url: Type.Optional(
      Type.String({
        maxLength: 8192,
        pattern: '^[!-~]+$',
        expected: 'a URL in ASCII without spaces; percent-encode others',
        writeOnly: true, // it may be pre-signed
        description:
          'Or where the tool itself fetches it from: Mender and a RAUC with streaming can without a copy on the disk, another RAUC takes one. It stands in the argument list of the tool, which every user of the gateway can read.',
      }),
    ),
    tool: Type.Optional(
      Type.Enum(['rauc', 'swupdate', 'mender'], { description: 'Default: the first of these that is there.' }),
    ),
    select: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*,[A-Za-z0-9_][A-Za-z0-9_.-]*$',
        expected: 'software,mode as swupdate --select takes it, such as "stable,copy2"',
        maxLength: 255,
        description: 'SWUpdate only: which set of the image is installed.',
      }),
    ),
    healthCheck: commandOf(
      'Program and arguments, without a shell: exit code 0 says that the new system is well. Tried every five seconds.',
    ),
    healthTimeoutSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3600,
        default: 300,
        description: 'How long after the restart the health check may fail.',
      }),
    ),
    commit: commandOf('SWUpdate only: makes the new system the one to stay. Default: `fw_setenv ustate 0`.'),
    rollback: commandOf(
      'SWUpdate only: makes the bootloader take the old system at the next start. Default: `fw_setenv ustate 3`.',
    ),
  },
  { additionalProperties: false },
);

export type FirmwareParameters = Static<typeof firmwareParameters>;
