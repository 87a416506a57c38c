/** Packages and versions as the control plane shows them: dates in seconds with a fraction, absent members left out. */
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { PackageVersion, SoftwarePackage } from './catalog-state.ts';

/** API model, PackageCatalogMaxResults: at most 100. How many come when nobody asks is not documented. */
const DEFAULT_PAGE_SIZE = 100;

export function createdPackage({ packageName, packageArn, description }: SoftwarePackage): JsonObject {
  return { packageName, packageArn, ...(description !== undefined && { description }) };
}

export function describedPackage(known: SoftwarePackage): JsonObject {
  return { ...createdPackage(known), ...defaultVersion(known), ...dates(known) };
}

export function summaryOfPackage(known: SoftwarePackage): JsonObject {
  return { packageName: known.packageName, ...defaultVersion(known), ...dates(known) };
}

export function createdVersion(version: PackageVersion): JsonObject {
  const { packageVersionArn, packageName, versionName, description, attributes, status } = version;
  const described = description !== undefined && { description };
  return { packageVersionArn, packageName, versionName, ...described, attributes, status };
}

export function describedVersion(version: PackageVersion): JsonObject {
  const { artifact, recipe } = version;
  return {
    ...createdVersion(version),
    ...(artifact !== undefined && { artifact: { s3Location: { ...artifact } } }),
    ...(recipe !== undefined && { recipe }),
    ...dates(version),
  };
}

export function summaryOfVersion(version: PackageVersion): JsonObject {
  const { packageName, versionName, status } = version;
  return { packageName, versionName, status, ...dates(version) };
}

/** In the order of names; the token is the last name given, so that what comes and goes between pages disturbs no page. */
export function pageAfter<Item>(
  items: readonly Item[],
  input: JsonObject,
  nameOf: (item: Item) => string,
): { readonly page: readonly Item[]; readonly nextToken: { readonly nextToken?: string } } {
  const after = typeof input.nextToken === 'string' ? readToken(input.nextToken) : '';
  const size = typeof input.maxResults === 'number' ? input.maxResults : DEFAULT_PAGE_SIZE;
  const left = items.filter((item) => nameOf(item) > after).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const page = left.slice(0, size);
  const last = page.at(-1);
  return { page, nextToken: last && left.length > size ? { nextToken: `after:${nameOf(last)}` } : {} };
}

function readToken(token: string): string {
  const name = /^after:([a-zA-Z0-9\-_.]{1,128})$/.exec(token)?.[1];
  if (name !== undefined) return name;
  throw new ControlError('ValidationException', 'nextToken is not one that this service gave out');
}

function defaultVersion({ defaultVersionName }: SoftwarePackage): JsonObject {
  return defaultVersionName === undefined ? {} : { defaultVersionName };
}

function dates({ createdAtMs, lastModifiedAtMs }: SoftwarePackage | PackageVersion): JsonObject {
  return { creationDate: Math.round(createdAtMs) / 1000, lastModifiedDate: Math.round(lastModifiedAtMs) / 1000 };
}
