/**
 * Where a URL of S3 points: path style (`https://s3.REGION.amazonaws.com/BUCKET/KEY`) and virtual-hosted style
 * (`https://BUCKET.s3.REGION.amazonaws.com/KEY`), with or without region (S3 User Guide, "Virtual hosting of buckets").
 */

export interface S3Location {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

const PATH_STYLE = /^https:\/\/s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?\/([^/]*)\/?(.*)$/s;
const VIRTUAL_HOSTED = /^https:\/\/([^/]+)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?\/(.*)$/s;
/** The oldest form of the Developer Guide: `BUCKET/KEY` and nothing else. */
const BARE = /^([^/:]+)\/(.+)$/s;
const VERSION_ID = /^(.+)(?:\?|%3[Ff])versionId(?:=|%3[Dd])(.+)$/s;
/** S3 User Guide, "General purpose bucket naming rules". */
const BUCKET = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;
/** S3 User Guide, "Naming Amazon S3 objects": in UTF-8. */
const MAX_KEY_BYTES = 1024;

export function isBucketName(name: string): boolean {
  return BUCKET.test(name) && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
}

export function isObjectKey(key: string): boolean {
  return key !== '' && isWellFormed(key) && utf8Length(key) <= MAX_KEY_BYTES;
}

/** The URL taken apart, bucket and key not checked: they may have placeholders in them, or be empty. */
export function splitS3Url(url: string): { readonly bucket: string; readonly key: string } | undefined {
  const [, bucket, key] = PATH_STYLE.exec(url) ?? VIRTUAL_HOSTED.exec(url) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
}

/**
 * An unencoded URL, whose key is taken as it is and has no version: `s3-presigned-url`.
 * Undefined where it names no object.
 */
export function parsePlainS3Url(url: string): S3Location | undefined {
  const [, bucket = '', key = ''] = BARE.exec(url) ?? [];
  const split = splitS3Url(url) ?? { bucket, key };
  return isBucketName(split.bucket) && isObjectKey(split.key) ? split : undefined;
}

/** An encoded URL, whose key may end in `%3FversionId%3DID`: `s3-presigned-url-v2`, and `documentSource`. */
export function parseEncodedS3Url(url: string): S3Location | undefined {
  const split = splitS3Url(url);
  if (!split) return undefined;
  const [, encodedKey = split.key, encodedVersion] = VERSION_ID.exec(split.key) ?? [];
  const key = decode(encodedKey);
  const versionId = encodedVersion === undefined ? undefined : decode(encodedVersion);
  if (key === undefined || (encodedVersion !== undefined && !isVersionId(versionId))) return undefined;
  if (!isBucketName(split.bucket) || !isObjectKey(key)) return undefined;
  return { bucket: split.bucket, key, ...(versionId !== undefined && { versionId }) };
}

/** Up to 1,024 bytes of UTF-8 (S3 User Guide, "How S3 Versioning works"). */
export function isVersionId(versionId: string | undefined): boolean {
  return versionId !== undefined && isObjectKey(versionId);
}

/** Half a surrogate pair has no UTF-8. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
