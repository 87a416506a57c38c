import { LOG_LEVELS, type Static, Type } from '../../agent/handler-api.ts';

export const setLogLevelParameters = Type.Object(
  {
    level: Type.Enum([...LOG_LEVELS, 'configured'], {
      description:
        'Least severe log lines that are written; `configured` is what `logLevel` of the configuration says.',
    }),
    forSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 604_800, // a week: whoever needs it longer means the configuration
        description:
          'After so long the level goes back to what it was before. Without it, it stays until the agent is restarted.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type SetLogLevelParameters = Static<typeof setLogLevelParameters>;
