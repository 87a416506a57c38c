/**
 * The package versions that a job installs (CreateJob, `destinationPackageVersions`), and what a thing is known to have
 * after it. On AWS the latter is the thing's reserved named shadow `$package`; there is no shadow service here, so it is
 * kept with the thing and no device can read it.
 */
import { ControlError } from '../jobs-service/control-error.ts';
import type { Execution } from '../jobs-service/state.ts';
import type { PackageCatalog, PackageVersion } from './catalog-state.ts';

/** API reference, CreateJob: "Up to 25 package version ARNs are allowed." */
const MAX_DESTINATIONS = 25;
const ARN =
  /^arn:aws[a-z-]*:iot:[a-z0-9-]+:\d{12}:package\/([a-zA-Z0-9\-_.]{1,128})\/version\/(\$null|\$default|[a-zA-Z0-9\-_.]{1,64})$/;

export interface DestinationPackage {
  /** As the job's creator wrote it: its version may be `$default` or `$null`. */
  readonly givenArn: string;
  /** With the version that was the default one then; what DescribeJob shows unless `beforeSubstitution` is set. */
  readonly arn: string;
  readonly packageName: string;
  /** As given: a name, `$default` or `$null`. */
  readonly givenVersionName: string;
  /** Undefined for `$null`: the job removes the package. */
  readonly versionName: string | undefined;
}

/** What the shadow `$package` would report under the package's name. */
export interface InstalledPackage {
  readonly version: string;
  /** The device's own: "Version attributes ... will not be automatically added to the reserved named shadow". */
  readonly attributes: Readonly<Record<string, string>>;
}

/** @throws ControlError */
export function readDestinationPackages(catalog: PackageCatalog, arns: readonly string[]): DestinationPackage[] {
  if (arns.length > MAX_DESTINATIONS) {
    const message = `destinationPackageVersions has ${arns.length} package version ARNs, more than ${MAX_DESTINATIONS}`;
    throw new ControlError('InvalidRequestException', message);
  }
  return arns.map((givenArn) => {
    const [, packageName = '', givenVersionName = ''] = ARN.exec(givenArn) ?? [];
    if (packageName === '') {
      throw new ControlError('InvalidRequestException', `${givenArn} is not the ARN of a package version`);
    }
    if (givenVersionName === '$null') {
      return { givenArn, arn: givenArn, packageName, givenVersionName, versionName: undefined };
    }
    const { packageVersionArn, versionName } = deployableVersion(catalog, { givenArn, packageName, givenVersionName });
    return { givenArn, arn: packageVersionArn, packageName, givenVersionName, versionName };
  });
}

/** "The package version must be in either the Published or Deprecated state when the job deploys." */
function deployableVersion(
  catalog: PackageCatalog,
  wanted: { readonly givenArn: string; readonly packageName: string; readonly givenVersionName: string },
): PackageVersion {
  const { givenArn, packageName, givenVersionName } = wanted;
  const known = catalog.packages.get(packageName);
  if (!known) throw new ControlError('ResourceNotFoundException', `Package ${packageName} does not exist`);
  const isDefault = givenVersionName === '$default';
  const versionName = isDefault ? known.defaultVersionName : givenVersionName;
  if (versionName === undefined) {
    throw new ControlError('InvalidRequestException', `Package ${packageName} has no default version`);
  }
  const version = known.versions.get(versionName);
  if (!version || (!isDefault && version.packageVersionArn !== givenArn)) {
    throw new ControlError('ResourceNotFoundException', `Package version ${givenArn} does not exist`);
  }
  if (version.status === 'DRAFT') {
    const message = `Package version ${version.packageVersionArn} is in DRAFT; it must be PUBLISHED or DEPRECATED`;
    throw new ControlError('InvalidRequestException', message);
  }
  return version;
}

/** After SUCCEEDED. A version that was deleted meanwhile is recorded all the same; AWS reports an error then. */
export function recordInstalledPackages({ job, thing }: Execution): void {
  for (const { packageName, versionName } of job.destinationPackages) {
    if (versionName === undefined) thing.installedPackages.delete(packageName);
    else thing.installedPackages.set(packageName, { version: versionName, attributes: {} });
  }
}
