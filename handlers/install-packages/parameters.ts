import { type Static, Type } from '../../agent/handler-api.ts';
import { lockTimeoutSeconds, packageList } from './package-name.ts';

export const installPackagesParameters = Type.Object(
  {
    packages: packageList,
    refresh: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'Whether to fetch the lists of packages first, as `apt-get update` does.',
      }),
    ),
    lockTimeoutSeconds,
  },
  { additionalProperties: false },
);

export type InstallPackagesParameters = Static<typeof installPackagesParameters>;
