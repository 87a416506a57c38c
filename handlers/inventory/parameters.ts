import { type Static, Type } from '../../agent/handler-api.ts';

export const PARTS = ['disks', 'network', 'packages'] as const;

export const inventoryParameters = Type.Object(
  {
    include: Type.Optional(
      Type.Array(Type.Enum([...PARTS]), {
        maxItems: PARTS.length,
        uniqueItems: true,
        description: 'What is looked at besides the system itself; all of it unless given.',
      }),
    ),
    url: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 16_384, // a pre-signed URL with a session token has some 2,000 characters
        pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\u0000-\\u0020]+$',
        expected: 'a URL that begins with https://',
        description:
          'Where the whole, as JSON, is put: `https://`, pre-signed for PUT. Without it, the status details have a summary.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type InventoryParameters = Static<typeof inventoryParameters>;
