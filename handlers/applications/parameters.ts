import { type Static, Type } from '../../agent/handler-api.ts';
import { applicationName, stayUpSeconds } from '../install-application/parameters.ts';

export const applicationsParameters = Type.Object(
  {
    action: Type.Enum(['start', 'stop', 'restart', 'remove', 'status'], {
      description:
        '`remove` stops it and takes away its service and every file that jobs have installed for it. `status` tells which applications there are.',
    }),
    name: Type.Optional(applicationName),
    stayUpSeconds,
  },
  { additionalProperties: false },
);

export type ApplicationsParameters = Static<typeof applicationsParameters>;
