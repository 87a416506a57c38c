import { type Static, Type } from '../../agent/handler-api.ts';

export const downloadFileParameters = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      maxLength: 16_384, // a pre-signed URL with a session token has some 2,000 characters
      pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\u0000-\\u0020]+$',
      expected: 'a URL that begins with https://',
      description: '`https://`, or `http://` for a host in `insecureDownloadHosts`. May be pre-signed.',
    }),
    path: Type.String({
      maxLength: 4095, // PATH_MAX of limits.h counts the null byte at the end
      pattern: '^[^\\u0000]*[^\\u0000/]$',
      expected: 'the path of a file, without null bytes and not ending in /',
      description: 'Where the file goes; a relative path counts from the working folder of the execution.',
    }),
    sha256: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Fa-f]{64}$',
        expected: '64 hexadecimal digits',
        description: 'What the content must hash to. Without it, only TLS vouches for the content.',
      }),
    ),
    maxBytes: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Largest size to take; `maxDownloadBytes` of the agent applies as well.',
      }),
    ),
    mode: Type.Optional(
      Type.String({
        pattern: '^0?[0-7]{3}$', // without setuid, setgid and sticky
        expected: 'permissions in octal, such as "0644"',
        description: 'Permissions. Without it those of the file that is replaced, or 0644.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type DownloadFileParameters = Static<typeof downloadFileParameters>;
