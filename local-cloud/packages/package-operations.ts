/**
 * The Software Package Catalog: packages and their versions (API reference of the `iot` service; Developer Guide,
 * "Preparing to use Software Package Catalog"). Inputs are checked by AWS's model; a refusal has changed nothing.
 */
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { ControlOperation, ControlOperations, ControlResult } from '../jobs-service/control-request.ts';
import { ACCOUNT_ID, type JobsState, REGION } from '../jobs-service/state.ts';
import {
  createdPackage,
  createdVersion,
  describedPackage,
  describedVersion,
  pageAfter,
  summaryOfPackage,
  summaryOfVersion,
} from './catalog-shapes.ts';
import type { ArtifactLocation, PackageVersion, SoftwarePackage } from './catalog-state.ts';

/** API reference: "The combined size of all the attributes on a package version is limited to 3KB." */
const MAX_ATTRIBUTES_BYTES = 3 * 1024;
/** How many client tokens are remembered, the newest; AWS does not say how long it does. */
const MAX_TOKENS = 1000;

export const PACKAGE_OPERATIONS = {
  CreatePackage: oncePerToken(createPackage),
  GetPackage: (state, input) => read(describedPackage(existingPackage(state, input))),
  ListPackages: listPackages,
  UpdatePackage: oncePerToken(updatePackage),
  DeletePackage: oncePerToken(deletePackage),
  CreatePackageVersion: oncePerToken(createPackageVersion),
  GetPackageVersion: (state, input) => read(describedVersion(existingVersion(state, input))),
  ListPackageVersions: listPackageVersions,
  UpdatePackageVersion: oncePerToken(updatePackageVersion),
  DeletePackageVersion: oncePerToken(deletePackageVersion),
} as const satisfies ControlOperations;

type Change = (state: JobsState, input: JsonObject, nowMs: number) => JsonObject;

/** A request that comes again with its `clientToken` gets the answer it got, and changes nothing. */
function oncePerToken(change: Change): ControlOperation {
  return (state, input, nowMs) => {
    const token = text(input, 'clientToken');
    if (token === undefined) return read(change(state, input, nowMs));
    const { answeredTokens } = state.packages;
    const request = `${change.name} ${JSON.stringify(input)}`;
    const answered = answeredTokens.get(token);
    if (answered?.request === request) return read(answered.answer);
    if (answered) throw invalid('The client token was used with another request before');
    const answer = change(state, input, nowMs);
    answeredTokens.set(token, { request, answer });
    const [oldest] = answeredTokens.keys();
    if (answeredTokens.size > MAX_TOKENS && oldest !== undefined) answeredTokens.delete(oldest);
    return read(answer);
  };
}

function createPackage(state: JobsState, input: JsonObject, nowMs: number): JsonObject {
  const packageName = text(input, 'packageName') ?? '';
  if (state.packages.packages.has(packageName)) throw conflict(`Package ${packageName} already exists`, packageName);
  const made: SoftwarePackage = {
    packageName,
    packageArn: `arn:aws:iot:${REGION}:${ACCOUNT_ID}:package/${packageName}`,
    createdAtMs: nowMs,
    lastModifiedAtMs: nowMs,
    versions: new Map(),
    description: text(input, 'description'),
    defaultVersionName: undefined,
  };
  state.packages.packages.set(packageName, made);
  setTags(state, made.packageArn, input);
  return createdPackage(made);
}

function listPackages(state: JobsState, input: JsonObject): ControlResult {
  const { page, nextToken } = pageAfter([...state.packages.packages.values()], input, (known) => known.packageName);
  return read({ packageSummaries: page.map(summaryOfPackage), ...nextToken });
}

/** A default version is one that can be deployed: PUBLISHED or DEPRECATED ("Default version"). */
function updatePackage(state: JobsState, input: JsonObject, nowMs: number): JsonObject {
  const known = existingPackage(state, input);
  const defaultVersionName = text(input, 'defaultVersionName');
  const isUnset = input.unsetDefaultVersion === true;
  if (defaultVersionName !== undefined) {
    if (isUnset) throw invalid('defaultVersionName and unsetDefaultVersion cannot be given together');
    const version = existingVersion(state, { packageName: known.packageName, versionName: defaultVersionName });
    if (version.status === 'DRAFT') {
      throw conflict(`Package version ${defaultVersionName} is in DRAFT and cannot be the default`, defaultVersionName);
    }
  }
  known.description = text(input, 'description') ?? known.description;
  known.defaultVersionName = isUnset ? undefined : (defaultVersionName ?? known.defaultVersionName);
  known.lastModifiedAtMs = nowMs;
  return {};
}

/** "All package versions must be deleted before"; one that is not there is deleted, as the model has no error for it. */
function deletePackage(state: JobsState, input: JsonObject): JsonObject {
  const packageName = text(input, 'packageName') ?? '';
  const known = state.packages.packages.get(packageName);
  if (!known) return {};
  if (known.versions.size > 0) throw invalid(`Package ${packageName} has ${known.versions.size} versions left`);
  state.packages.packages.delete(packageName);
  state.registry.tags.delete(known.packageArn);
  return {};
}

function createPackageVersion(state: JobsState, input: JsonObject, nowMs: number): JsonObject {
  const packageName = text(input, 'packageName') ?? '';
  const versionName = text(input, 'versionName') ?? '';
  const known = packageOf(state, packageName);
  if (known.versions.has(versionName)) {
    throw conflict(`Version ${versionName} of package ${packageName} already exists`, versionName);
  }
  const made: PackageVersion = {
    packageName,
    versionName,
    packageVersionArn: `${known.packageArn}/version/${versionName}`,
    createdAtMs: nowMs,
    lastModifiedAtMs: nowMs,
    description: text(input, 'description'),
    attributes: readAttributes(input) ?? {},
    artifact: readArtifact(input),
    recipe: text(input, 'recipe'),
    status: 'DRAFT',
  };
  known.versions.set(versionName, made);
  setTags(state, made.packageVersionArn, input);
  return createdVersion(made);
}

function listPackageVersions(state: JobsState, input: JsonObject): ControlResult {
  const known = packageOf(state, text(input, 'packageName') ?? '');
  const fitting = [...known.versions.values()].filter(
    ({ status }) => input.status === undefined || status === input.status,
  );
  const { page, nextToken } = pageAfter(fitting, input, (version) => version.versionName);
  return read({ packageVersionSummaries: page.map(summaryOfVersion), ...nextToken });
}

/** Attributes and artifact "become immutable" with DRAFT left behind; description and recipe stay open. */
function updatePackageVersion(state: JobsState, input: JsonObject, nowMs: number): JsonObject {
  const version = existingVersion(state, input);
  const attributes = readAttributes(input);
  const artifact = readArtifact(input);
  if ((attributes !== undefined || artifact !== undefined) && version.status !== 'DRAFT') {
    const message = `Package version ${version.versionName} is ${version.status}: attributes and artifact cannot change`;
    throw conflict(message, version.versionName);
  }
  const status = statusAfter(version, text(input, 'action'));
  version.attributes = attributes ?? version.attributes;
  version.artifact = artifact ?? version.artifact;
  version.description = text(input, 'description') ?? version.description;
  version.recipe = text(input, 'recipe') ?? version.recipe;
  version.status = status;
  version.lastModifiedAtMs = nowMs;
  return {};
}

/** DRAFT to PUBLISHED, PUBLISHED to DEPRECATED and back ("Package version lifecycle"). */
function statusAfter({ status, versionName }: PackageVersion, action: string | undefined): PackageVersion['status'] {
  if (action === undefined) return status;
  if (action === 'PUBLISH' && status !== 'PUBLISHED') return 'PUBLISHED';
  if (action === 'DEPRECATE' && status === 'PUBLISHED') return 'DEPRECATED';
  throw conflict(`Package version ${versionName} is ${status}: ${action} does not apply`, versionName);
}

/** "If a package version is designated as default, you must remove the designation" first. */
function deletePackageVersion(state: JobsState, input: JsonObject): JsonObject {
  const known = state.packages.packages.get(text(input, 'packageName') ?? '');
  const version = known?.versions.get(text(input, 'versionName') ?? '');
  if (!known || !version) return {};
  if (known.defaultVersionName === version.versionName) {
    throw invalid(`Version ${version.versionName} is the default version of package ${known.packageName}`);
  }
  known.versions.delete(version.versionName);
  state.registry.tags.delete(version.packageVersionArn);
  return {};
}

function existingPackage(state: JobsState, input: JsonObject): SoftwarePackage {
  const packageName = text(input, 'packageName') ?? '';
  const known = state.packages.packages.get(packageName);
  if (known) return known;
  throw new ControlError('ResourceNotFoundException', `Package ${packageName} does not exist`);
}

/** For the operations whose model has no ResourceNotFoundException. */
function packageOf(state: JobsState, packageName: string): SoftwarePackage {
  const known = state.packages.packages.get(packageName);
  if (known) return known;
  throw invalid(`Package ${packageName} does not exist`);
}

function existingVersion(state: JobsState, input: JsonObject): PackageVersion {
  const known = existingPackage(state, input);
  const versionName = text(input, 'versionName') ?? '';
  const version = known.versions.get(versionName);
  if (version) return version;
  const message = `Version ${versionName} of package ${known.packageName} does not exist`;
  throw new ControlError('ResourceNotFoundException', message);
}

function readAttributes(input: JsonObject): Readonly<Record<string, string>> | undefined {
  if (!isJsonObject(input.attributes)) return undefined;
  const attributes = textMap(input.attributes);
  const size = Object.entries(attributes).reduce((sum, [key, value]) => sum + utf8Length(key) + utf8Length(value), 0);
  if (size > MAX_ATTRIBUTES_BYTES)
    throw invalid(`The attributes have ${size} bytes, more than ${MAX_ATTRIBUTES_BYTES}`);
  return attributes;
}

function readArtifact(input: JsonObject): ArtifactLocation | undefined {
  const location = isJsonObject(input.artifact) ? input.artifact.s3Location : undefined;
  return isJsonObject(location) ? textMap(location) : undefined;
}

/** The tags of TagResource and ListTagsForResource. */
function setTags(state: JobsState, arn: string, input: JsonObject): void {
  if (isJsonObject(input.tags)) state.registry.tags.set(arn, new Map(Object.entries(textMap(input.tags))));
}

function textMap(map: JsonObject): Readonly<Record<string, string>> {
  const pairs = Object.entries(map).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(pairs);
}

function text(input: JsonObject, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}

function utf8Length(value: string): number {
  return new TextEncoder().encode(value).length;
}

function read(answer: JsonObject): ControlResult {
  return { answer, notifications: [] };
}

function invalid(message: string): ControlError {
  return new ControlError('ValidationException', message);
}

function conflict(message: string, resourceId: string): ControlError {
  return new ControlError('ConflictException', message, { resourceId });
}
