import { FILE_PATH, type Static, Type } from '../../agent/handler-api.ts';
import { UNIT_NAME } from '../services/parameters.ts';

/** Forms of systemd.time(7) that cannot be taken for an option: a time of day in UTC, or a while ago. */
const moment = (description: string) =>
  Type.Optional(
    Type.String({
      maxLength: 32,
      pattern: '^(?:\\d{4}-\\d{2}-\\d{2}(?:[T ]\\d{2}:\\d{2}(?::\\d{2})?Z?)?|-\\d{1,6}(?:s|min|h|d|w))$',
      expected: 'a time in UTC, such as "2026-03-01T12:00:00Z", or a while ago, such as "-2h" (s, min, h, d, w)',
      description,
    }),
  );

export const DEFAULT_LINES = 20_000;
export const DEFAULT_MAX_BYTES = 4 * 1024 ** 2;

export const collectLogsParameters = Type.Object(
  {
    journal: Type.Optional(
      Type.Object(
        {
          units: Type.Optional(
            Type.Array(
              Type.String({
                maxLength: 255, // systemd.unit(5)
                pattern: UNIT_NAME,
                expected:
                  'the name of a unit, such as "gateway-app.service" (a-z A-Z 0-9 : - _ . \\ @, not first - or .)',
              }),
              { minItems: 1, maxItems: 32, uniqueItems: true, description: 'Of these units only.' },
            ),
          ),
          since: moment('Nothing older than this: a time in UTC, or a while ago, such as `-2h`.'),
          until: moment('Nothing newer than this.'),
          boot: Type.Optional(
            Type.Integer({
              minimum: -99,
              maximum: 0,
              description: 'Of one run of the gateway only: 0 is the present one, -1 the one before the last restart.',
            }),
          ),
          lines: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 1_000_000,
              default: DEFAULT_LINES,
              description: 'Entries to take, the newest.',
            }),
          ),
        },
        {
          additionalProperties: false,
          description: 'Takes entries of systemd’s journal; `{}` takes the newest of all.',
        },
      ),
    ),
    files: Type.Optional(
      Type.Array(
        Type.String({
          ...FILE_PATH,
          description:
            'In a folder of `uploadFolders`, or by a relative path in the working folder. One in gzip is unpacked.',
        }),
        {
          minItems: 1,
          maxItems: 16,
          uniqueItems: true,
          description:
            'Text files to take, each in a folder of `uploadFolders` or in the working folder; links are followed within them.',
        },
      ),
    ),
    maxBytes: Type.Optional(
      Type.Integer({
        minimum: 1024,
        maximum: 256 * 1024 ** 2,
        default: DEFAULT_MAX_BYTES,
        description: 'Of the journal, and of each file: at most so much text, the newest, before it is compressed.',
      }),
    ),
    url: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 16_384, // a pre-signed URL with a session token has some 2,000 characters
        pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\u0000-\\u0020]+$',
        expected: 'a URL that begins with https://',
        description:
          'Where a `.tar.gz` with all of it is put: `https://`, pre-signed for PUT. Without it, what fits of the end goes ' +
          'into the status details.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type CollectLogsParameters = Static<typeof collectLogsParameters>;
export type JournalParameters = NonNullable<CollectLogsParameters['journal']>;
