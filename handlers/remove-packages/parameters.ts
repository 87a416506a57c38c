import { type Static, Type } from '../../agent/handler-api.ts';
import { lockTimeoutSeconds, packageNameList } from '../install-packages/package-name.ts';

export const removePackagesParameters = Type.Object(
  {
    packages: packageNameList,
    purge: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Whether their configuration goes, too, where the package manager keeps it.',
      }),
    ),
    lockTimeoutSeconds,
  },
  { additionalProperties: false },
);

export type RemovePackagesParameters = Static<typeof removePackagesParameters>;
