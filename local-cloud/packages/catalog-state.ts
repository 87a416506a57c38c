/** The Software Package Catalog as plain data. Times are milliseconds since the epoch, given by the caller. */
import type { JsonObject } from '../../agent/core/json.ts';

/** Developer Guide, "Preparing to use Software Package Catalog": the lifecycle of a package version. */
export type PackageVersionStatus = 'DRAFT' | 'PUBLISHED' | 'DEPRECATED';

export interface ArtifactLocation {
  readonly bucket?: string;
  readonly key?: string;
  readonly version?: string;
}

export interface PackageVersion {
  readonly packageName: string;
  readonly versionName: string;
  readonly packageVersionArn: string;
  readonly createdAtMs: number;
  lastModifiedAtMs: number;
  description: string | undefined;
  attributes: Readonly<Record<string, string>>;
  artifact: ArtifactLocation | undefined;
  recipe: string | undefined;
  status: PackageVersionStatus;
}

export interface SoftwarePackage {
  readonly packageName: string;
  readonly packageArn: string;
  readonly createdAtMs: number;
  /** By versionName. */
  readonly versions: Map<string, PackageVersion>;
  lastModifiedAtMs: number;
  description: string | undefined;
  defaultVersionName: string | undefined;
}

export interface PackageCatalog {
  /** By packageName. */
  readonly packages: Map<string, SoftwarePackage>;
  /** What was asked with a client token, and answered: asked again, it gets the same answer and changes nothing. */
  readonly answeredTokens: Map<string, { readonly request: string; readonly answer: JsonObject }>;
}

export function emptyPackageCatalog(): PackageCatalog {
  return { packages: new Map(), answeredTokens: new Map() };
}
