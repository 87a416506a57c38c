import { Type } from '../../agent/handler-api.ts';

export const delayParameters = Type.Object(
  {
    seconds: Type.Integer({
      minimum: 1,
      maximum: 86_400, // the longest that a handler may ask to be tried later
      description: 'How long.',
    }),
  },
  { additionalProperties: false },
);
