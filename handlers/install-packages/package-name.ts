import { Type } from '../../agent/handler-api.ts';

/**
 * Names of Debian (policy 5.6.1), RPM, Alpine and opkg, with an architecture where one has it. The first character is none
 * that begins an option, the last no `-`, by which apt-get would remove what it was told to install. Nothing of it means
 * a path, a pattern, a group or a task to any of them.
 */
const NAME = '[A-Za-z0-9](?:[A-Za-z0-9+._-]*[A-Za-z0-9+._])?(?::[a-z0-9-]*[a-z0-9])?';
/** Debian policy 5.6.12, and the versions of the others. */
const VERSION = '[A-Za-z0-9][A-Za-z0-9.+:~_^-]*';
const MAX_LENGTH = 256;
const MAX_PACKAGES = 64;

const LOOK = '^(?!.*[.][.])'; // in no version or name, and in every way out of a folder

export const packageList = Type.Array(
  Type.String({
    maxLength: MAX_LENGTH,
    pattern: `${LOOK}${NAME}(?:=${VERSION})?$`,
    expected: 'the name of a package, such as "mosquitto" or "mosquitto=2.0.21-1" (not first - and not last -)',
  }),
  {
    minItems: 1,
    maxItems: MAX_PACKAGES,
    uniqueItems: true,
    description: 'Names, or `name=version` for exactly that version, older ones included (not with opkg).',
  },
);

export const packageNameList = Type.Array(
  Type.String({
    maxLength: MAX_LENGTH,
    pattern: `${LOOK}${NAME}$`,
    expected: 'the name of a package, such as "mosquitto" (without a version, not first - and not last -)',
  }),
  { minItems: 1, maxItems: MAX_PACKAGES, uniqueItems: true, description: 'Names of packages.' },
);

export const lockTimeoutSeconds = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: 3600,
    default: 120,
    description: 'How long to wait while something else installs; after that the step is tried again later.',
  }),
);

export interface PackageRequest {
  readonly name: string;
  readonly version: string | undefined;
}

export function toRequest(text: string): PackageRequest {
  const [name = '', version] = text.split('=');
  return { name, version };
}

/** AWS-Install-Application and its like: one argument, names with spaces between. */
export function splitNames(args: readonly string[]): readonly string[] {
  return [...new Set(args.flatMap((arg) => arg.split(/\s+/)).filter((name) => name !== ''))];
}
