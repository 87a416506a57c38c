/** Which file an object of the store is. Every name that could mean anything but a file below its bucket is none. */
import { isBucketName, isObjectKey } from '../substitution/s3-location.ts';

/** NAME_MAX of Linux and macOS. */
const MAX_SEGMENT_BYTES = 255;
/** On Windows these open devices, with any extension and in any folder. */
const DEVICE_NAME = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])$/i;

/**
 * The segments of the file's path below the store's folder, the bucket first. Null for a bucket or key that S3 would not
 * take, or that a folder cannot hold: `a//b`, `a/`, `.`, `..`, null bytes; on Windows also backslashes, colons and
 * the names of devices.
 */
export function objectSegments(
  bucket: string,
  key: string,
  platform: NodeJS.Platform = process.platform,
): readonly string[] | null {
  if (!isBucketName(bucket) || !isObjectKey(key)) return null;
  const segments = [bucket, ...key.split('/')];
  const fits = platform === 'win32' ? isWindowsFileName : isFileName;
  return segments.every(fits) ? segments : null;
}

/** A version that is not the newest one: a file beside it. The id may be any text. */
export function versionedKey(key: string, versionId: string | undefined): string {
  if (versionId === undefined || versionId === 'null') return key;
  return `${key}?versionId=${encodeURIComponent(versionId)}`;
}

function isFileName(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || name.includes('\0')) return false;
  return new TextEncoder().encode(name).length <= MAX_SEGMENT_BYTES;
}

function isWindowsFileName(name: string): boolean {
  // Dots and spaces at the end are dropped there, and so the name would be another one.
  if (!isFileName(name) || /[\\:*?"<>|]/.test(name) || /[. ]$/.test(name)) return false;
  return !DEVICE_NAME.test((name.split('.')[0] ?? '').trimEnd());
}
