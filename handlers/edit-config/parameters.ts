import { type Static, Type } from '../../agent/handler-api.ts';
import { changeCommands, filePath, keepPrevious } from './change-parameters.ts';

const MAX_LINE_LENGTH = 4096;

const lines = (description: string) =>
  Type.Optional(
    Type.Array(
      Type.String({
        maxLength: MAX_LINE_LENGTH,
        pattern: '^[^\\u0000-\\u001f\\u007f]+$',
        expected: 'one line without control characters, and not empty',
        writeOnly: true,
      }),
      { minItems: 1, maxItems: 256, description },
    ),
  );

export const editConfigParameters = Type.Object(
  {
    path: filePath,
    format: Type.Enum(['json', 'yaml', 'ini', 'lines'], {
      description:
        '`ini`: `key=value` lines with or without `[sections]`. `lines`: any text, of which whole lines are added or removed.',
    }),
    merge: Type.Optional(
      Type.Object(
        {},
        {
          additionalProperties: true,
          writeOnly: true, // a value may be a password
          expected: 'an object with the names to set',
          description:
            'What to set; null removes. For `json` and `yaml` a merge patch of RFC 7396. For `ini` keys, and sections as objects of keys; ' +
            'a list is a key several times.',
        },
      ),
    ),
    patch: Type.Optional(
      Type.Array(Type.Object({}, { additionalProperties: true }), {
        minItems: 1,
        maxItems: 256,
        writeOnly: true,
        description: 'For `json` and `yaml`: operations of RFC 6902, performed after `merge`, all of them or none.',
      }),
    ),
    separator: Type.Optional(
      Type.Enum(['equals', 'colon', 'space'], {
        default: 'equals',
        description: 'For `ini`: what stands between key and value.',
      }),
    ),
    ensureLines: lines('For `lines`: those that must be there; one that is not is added at the end.'),
    removeLines: lines('For `lines`: those that must not be there, each as often as it is.'),
    ...changeCommands,
    keepPrevious: keepPrevious(true),
  },
  { additionalProperties: false },
);

export type EditConfigParameters = Static<typeof editConfigParameters>;
