import { FILE_PATH, type Static, Type } from '../../agent/handler-api.ts';

const URL_PATTERN = '^[Hh][Tt][Tt][Pp][Ss]?://[^\\u0000-\\u0020]+$';

export const downloadFileParameters = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      maxLength: 16_384, // a pre-signed URL with a session token has some 2,000 characters
      pattern: URL_PATTERN,
      expected: 'a URL that begins with https://',
      description: '`https://`, or `http://` for a host in `insecureDownloadHosts`. May be pre-signed.',
    }),
    path: Type.String({
      ...FILE_PATH,
      description: 'Where the file goes; a relative path counts from the working folder of the execution.',
    }),
    sha256: hash(64, 44, 'What the content must hash to. Without any hash, only TLS vouches for the content.'),
    sha384: hash(96, 64, 'As `sha256`. Each that is given must be right.'),
    sha512: hash(128, 88, 'As `sha256`.'),
    signature: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 8192,
        pattern: '^[\\u0020-\\u007e\\r\\n]+$',
        expected: 'a signature in base64, or the content of a .minisig file',
        description:
          'Detached signature by a key of `artifactKeys`, checked before the file is put in place: base64, or what minisign made.',
      }),
    ),
    signatureUrl: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 16_384,
        pattern: URL_PATTERN,
        expected: 'a URL that begins with https://',
        description: 'Where the signature is to be had, instead of `signature`. The rules for `url` hold.',
      }),
    ),
    signatureKey: Type.Optional(
      Type.String({
        maxLength: 64,
        pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
        expected: 'the name of a key in artifactKeys',
        description: 'The one key that must have signed it; any of `artifactKeys` without.',
      }),
    ),
    sizeBytes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'The size the file must have; another is noticed before it is sent.',
      }),
    ),
    maxBytes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Largest size to take; `maxDownloadBytes` of the agent applies as well.',
      }),
    ),
    maxBytesPerSecond: Type.Optional(
      Type.Integer({
        minimum: 4096, // a chunk of 64 KiB takes 16 s then; with much less a download would pass for stalled
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Leaves the rest of the link to others. Without it the download is as fast as the link.',
      }),
    ),
    retrySeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 604_800,
        description:
          'How long to go on trying without a new byte, when the link is down or the server is busy; 900 by default.',
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

function hash(digits: number, characters: number, description: string) {
  const padding = '='.repeat((3 - ((digits / 2) % 3)) % 3);
  return Type.Optional(
    Type.String({
      pattern: `^(?:[0-9A-Fa-f]{${digits}}|[0-9A-Za-z+/]{${characters - padding.length}}${padding})$`,
      expected: `${digits} hexadecimal digits, or ${characters} characters of base64`,
      description,
    }),
  );
}

export type DownloadFileParameters = Static<typeof downloadFileParameters>;
