import { type Static, Type } from '../../agent/handler-api.ts';

/** AWS IoT Jobs takes documents of 32,768 characters (Developer Guide, job limits): nothing in one can be longer. */
const MAX_LENGTH = 32_768;
/** Part of a path: neither `.` nor `..`, nothing that looks like an option, no control characters. */
const PART = '(?!\\.{1,2}(?:/|$))(?!-)[^/\\u0000-\\u001f\\u007f]+';
export const applicationName = Type.String({
  maxLength: 64,
  pattern: '^[^\\u0000-\\u001f\\u007f]+$',
  expected: 'a name of at most 64 characters',
  description: 'What the application is called in other jobs.',
});

export const stayUpSeconds = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: 600,
    description:
      'How long the application must stay up after it was started, without ending in failure; 20 unless given. One that ends well in this time has done its work.',
  }),
);

const file = Type.Object(
  {
    path: Type.String({
      maxLength: 1024,
      pattern: `^(?:\\./)*${PART}(?:/${PART})*$`,
      expected:
        'the path of a file within workingDirectory (relative, without .. in it, no part of it beginning with -)',
      description: 'Where it goes, within `workingDirectory`. Folders on the way are made.',
    }),
    url: Type.String({
      minLength: 1,
      maxLength: 16_384, // as in download-file
      pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\u0000-\\u0020]+$',
      expected: 'a URL that begins with https://',
      description: 'As in `download-file`.',
    }),
    version: Type.Optional(
      Type.String({
        maxLength: 256,
        pattern: '^[^\\u0000-\\u001f\\u007f]*$',
        expected: 'a text without control characters',
        description: 'For people: it is kept in the record of the application.',
      }),
    ),
    mode: Type.Optional(
      Type.String({
        pattern: '^0?[0-7]{3}$', // without setuid, setgid and sticky
        expected: 'permissions in octal, such as "0755"',
        description: 'Permissions. Without it those of the file that is replaced, or 0644.',
      }),
    ),
    sha256: hash(64, 'What the content must hash to. Without any hash, only TLS vouches for the content.'),
    sha384: hash(96, 'As `sha256`. Each that is given must be right.'),
    sha512: hash(128, 'As `sha256`.'),
    sha224: hash(56, 'As `sha256`, for documents of the SDK’s jobs agent.'),
    sha1: hash(40, 'Notices what went wrong on the way; it does not keep out who wants to do harm. Likewise.'),
    md5: hash(32, 'As `sha1`.'),
  },
  { additionalProperties: false },
);

export const installApplicationParameters = Type.Object(
  {
    name: applicationName,
    workingDirectory: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        pattern: `^(?:/|(?:\\./)+|\\.$|(?=[^/]))(?:${PART}(?:/${PART})*/?)?$`,
        expected: 'a folder (without .. in it, no part of it beginning with -)',
        description:
          'Folder of the files, in which the application runs. A relative one counts from `applicationsDir`, which it is unless given.',
      }),
    ),
    files: Type.Array(file, {
      maxItems: 100,
      description: 'All are downloaded and checked before the first is put in place. May be empty.',
    }),
    command: Type.Optional(
      Type.Array(
        Type.String({
          maxLength: MAX_LENGTH,
          pattern: '^[^\\u0000]*$', // execve(2) ends an argument at a null byte
          expected: 'a string without null bytes',
          writeOnly: true, // an argument may be a password
        }),
        {
          minItems: 1,
          maxItems: 256,
          description:
            'The program and its arguments: found on PATH, or with a `/` in it, from `workingDirectory`. No shell. Without it a command of before stays.',
        },
      ),
    ),
    user: Type.Optional(
      Type.String({
        pattern: '^[a-z_][a-z0-9_-]{0,30}[$]?$', // useradd(8)
        expected: 'a user name (a-z 0-9 _ -)',
        description: 'Whom the application runs as: one of `runAsUsers`, or the agent’s own, as unless given.',
      }),
    ),
    start: Type.Optional(
      Type.Boolean({
        description: 'Start it, or start it anew, once the files are in place. It stays as it is unless given.',
      }),
    ),
    startAtBoot: Type.Optional(
      Type.Boolean({ description: 'Start it when the gateway starts. As it was unless given; a new one is not.' }),
    ),
    stayUpSeconds,
  },
  { additionalProperties: false },
);

function hash(digits: number, description: string) {
  return Type.Optional(
    Type.String({
      pattern: `^[0-9A-Fa-f]{${digits}}$`,
      expected: `${digits} hexadecimal digits`,
      description,
    }),
  );
}

export type InstallApplicationParameters = Static<typeof installApplicationParameters>;
export type ApplicationFile = InstallApplicationParameters['files'][number];
