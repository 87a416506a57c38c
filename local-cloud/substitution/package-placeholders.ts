/** `${aws:iot:package:NAME:version:VERSION:...}`: what a job document takes from the Software Package Catalog. */
import { ControlError } from '../jobs-service/control-error.ts';
import type { PackageVersion } from '../packages/catalog-state.ts';
import type { PlaceholderPlace, PlanContext } from './document-plan.ts';
import { invalidDocument } from './placeholders.ts';
import { isBucketName, isObjectKey, isVersionId, type S3Location } from './s3-location.ts';

/** `artifact` and `artifact-location`: AWS's guide and AWS's troubleshooting page spell it differently. */
const PLACEHOLDER =
  /^aws:iot:package:([a-zA-Z0-9\-_.]*):version:(\$?[a-zA-Z0-9\-_.]*):(?:attributes(?::([a-zA-Z0-9:_-]+))?|(artifact|artifact-location):s3-presigned-url)$/;

export type FoundInPackage =
  | { readonly kind: 'attribute'; readonly value: string }
  | { readonly kind: 'attributes'; readonly attributes: Readonly<Record<string, string>> }
  | {
      readonly kind: 'artifact';
      readonly packageName: string;
      readonly versionName: string;
      readonly location: S3Location;
    };

/**
 * Undefined where the text between `${` and `}` speaks of no package.
 * @throws ControlError with the messages of "Software Package Catalog Troubleshooting"
 */
export function readPackagePlaceholder(
  source: string,
  at: { readonly context: PlanContext; readonly place: PlaceholderPlace },
): FoundInPackage | undefined {
  const [whole, packageName = '', versionName = '', key, artifact] = PLACEHOLDER.exec(source) ?? [];
  if (whole === undefined) return undefined;
  if (artifact !== undefined && at.place !== 'document') {
    throw invalidDocument(
      '${aws:iot:package:[...]:artifact:s3-presigned-url} cannot be nested inside another placeholder.',
    );
  }
  const version = referencedVersion(at.context, packageName, versionName);
  if (artifact !== undefined) {
    return {
      kind: 'artifact',
      packageName: version.packageName,
      versionName: version.versionName,
      location: artifactLocation(version),
    };
  }
  if (key === undefined) return { kind: 'attributes', attributes: version.attributes };
  const value = Object.hasOwn(version.attributes, key) ? version.attributes[key] : undefined;
  if (value === undefined) {
    throw invalidDocument(
      `Package ${version.packageName} version ${version.versionName} does not have an attribute ${key}.`,
    );
  }
  return { kind: 'attribute', value };
}

/** "Confirm the software package and package version referenced in the job document match [...] destinationPackageVersions" */
function referencedVersion(context: PlanContext, packageName: string, versionName: string): PackageVersion {
  const { destinationPackages, catalog } = context;
  if ((packageName === '') !== (versionName === '')) {
    throw invalidDocument('Empty package name and version name have to be used in pair.');
  }
  if (versionName === '$null') {
    throw invalidDocument('$null is not allowed to be referenced as a package version in job documents.');
  }
  const [first, ...more] = destinationPackages;
  if (packageName === '' && more.length > 0) {
    throw invalidDocument(
      'Cannot resolve empty package name and version name given multiple elements in destination package versions.',
    );
  }
  const destination =
    packageName === ''
      ? first
      : destinationPackages.find(
          (known) => known.packageName === packageName && known.givenVersionName === versionName,
        );
  const resolvedName = destination?.versionName;
  if (!destination || resolvedName === undefined) {
    const what = packageName === '' ? 'A package' : `Package ${packageName} version ${versionName}`;
    throw invalidDocument(`${what} is referenced in the job document and not in destinationPackageVersions.`);
  }
  const version = catalog.packages.get(destination.packageName)?.versions.get(resolvedName);
  if (!version)
    throw new ControlError('ResourceNotFoundException', `Package version ${destination.arn} does not exist`);
  return version;
}

function artifactLocation({ artifact, packageName, versionName }: PackageVersion): S3Location {
  const { bucket, key, version } = artifact ?? {};
  if (bucket === undefined || key === undefined) {
    throw invalidDocument(
      `Package ${packageName} version ${versionName} does not have an associated artifact to generate an S3 presigned url.`,
    );
  }
  const versionId = version === undefined || version === '' ? {} : { versionId: version };
  if (!isBucketName(bucket) || !isObjectKey(key) || (versionId.versionId && !isVersionId(version))) {
    throw new ControlError('InvalidRequestException', 'Provided argument for presigned url is invalid');
  }
  return { bucket, key, ...versionId };
}
