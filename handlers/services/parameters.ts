import { type Static, Type } from '../../agent/handler-api.ts';

/**
 * A unit name of systemd.unit(5): letters, digits and `: - _ . \`, perhaps an instance after `@`, and a type; without one
 * systemctl takes `.service`. A leading `-` would be an option and a leading `.` says nothing; `/` (a path), white space
 * and the patterns of systemctl (`* ? [`) are in no name.
 */
export const UNIT_NAME = '^[A-Za-z0-9_:\\\\][A-Za-z0-9:_.\\\\-]*(?:@[A-Za-z0-9:_.\\\\-]*)?$';

export const servicesParameters = Type.Object(
  {
    action: Type.Enum(['start', 'stop', 'restart', 'enable', 'disable'], {
      description: '`enable` and `disable` are about the next start of the gateway; they start and stop nothing.',
    }),
    units: Type.Array(
      Type.String({
        maxLength: 255, // systemd.unit(5)
        pattern: UNIT_NAME,
        expected: 'the name of a unit, such as "gateway-app.service" (a-z A-Z 0-9 : - _ . \\ @, not first - or .)',
      }),
      {
        minItems: 1,
        maxItems: 32,
        uniqueItems: true,
        description: 'Units of systemd; without a type `.service` is meant.',
      },
    ),
    stayUpSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 600,
        description:
          'With `start` and `restart`: each unit must stay active for so long, without a restart in between; the step fails as soon as one does not.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type ServicesParameters = Static<typeof servicesParameters>;
