import { FILE_PATH, type Static, Type } from '../../agent/handler-api.ts';
import { changeCommands, keepPrevious } from '../edit-config/change-parameters.ts';

/** AWS IoT Jobs takes documents of 32,768 characters (Developer Guide, job limits): nothing in one can be longer. */
const MAX_LENGTH = 32_768;

export const writeFileParameters = Type.Object(
  {
    path: Type.String({
      ...FILE_PATH,
      description: 'Where the file goes; a relative path counts from the working folder of the execution.',
    }),
    content: Type.String({ maxLength: MAX_LENGTH, writeOnly: true, description: 'The whole content.' }),
    mode: Type.Optional(
      Type.String({
        pattern: '^0?[0-7]{3}$', // without setuid, setgid and sticky
        expected: 'permissions in octal, such as "0644"',
        description: 'Permissions. Without it those of the file that is replaced, or 0644.',
      }),
    ),
    encoding: Type.Optional(
      Type.Enum(['utf8', 'base64'], { description: 'How `content` is written in the document.', default: 'utf8' }),
    ),
    ...changeCommands,
    keepPrevious: keepPrevious(false),
  },
  { additionalProperties: false },
);

export type WriteFileParameters = Static<typeof writeFileParameters>;
