import { FILE_PATH, type Static, Type } from '../../agent/handler-api.ts';

/** S3 takes no more in one PUT: 5 GiB (S3 User Guide, "Uploading objects"). */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;

export const uploadFileParameters = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      maxLength: 16_384, // a pre-signed URL with a session token has some 2,000 characters
      pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\u0000-\\u0020]+$',
      expected: 'a URL that begins with https://',
      description: '`https://`, or `http://` for a host in `insecureDownloadHosts`. Pre-signed for PUT.',
    }),
    path: Type.String({
      ...FILE_PATH,
      description:
        'The file: in the working folder of the execution, by a relative path, or in a folder of `uploadFolders`.',
    }),
    maxBytes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_PUT_BYTES,
        default: MAX_PUT_BYTES,
        description: 'A larger file is not sent.',
      }),
    ),
    contentType: Type.Optional(
      Type.String({
        maxLength: 255,
        // RFC 9110, 8.3.1, with the names of RFC 6838, 4.2
        pattern:
          '^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*(?:; ?[A-Za-z0-9_-]+=[A-Za-z0-9_.-]+)*$',
        expected: 'a media type, such as "application/gzip"',
        description: 'Needed where the URL was signed with one.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type UploadFileParameters = Static<typeof uploadFileParameters>;
