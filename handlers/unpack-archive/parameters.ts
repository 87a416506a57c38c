import { FILE_PATH, type Static, Type } from '../../agent/handler-api.ts';

const GIB = 1024 ** 3;
export const DEFAULT_MAX_BYTES = 4 * GIB;
/** A root file system of Debian has some 60,000. */
export const DEFAULT_MAX_ENTRIES = 100_000;

export const unpackArchiveParameters = Type.Object(
  {
    archive: Type.String({
      ...FILE_PATH,
      description:
        'A zip file, or a tar file as it is or compressed by gzip, xz, zstd or bzip2; a relative path counts from the working folder of the execution.',
    }),
    path: Type.String({
      ...FILE_PATH,
      expected: 'the path of a folder, without .. and control characters, and not ending in /',
      description: 'The folder that is replaced by what the archive has. The folder above it must be there.',
    }),
    stripComponents: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 16,
        default: 0,
        description: 'How many folders to leave out at the beginning of each path, as `tar --strip-components` does.',
      }),
    ),
    maxBytes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        default: DEFAULT_MAX_BYTES,
        description: 'An archive whose files have more bytes together is refused.',
      }),
    ),
    maxEntries: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        default: DEFAULT_MAX_ENTRIES,
        description: 'An archive with more files, folders and links is refused.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type UnpackArchiveParameters = Static<typeof unpackArchiveParameters>;
