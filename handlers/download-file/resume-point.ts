/** What a later attempt needs to go on where this one stopped. It is the handler's checkpoint. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject, JsonValue } from '../../agent/handler-api.ts';
import { shownUrl } from './fetch-response.ts';

export interface ResumePoint {
  /** Without its query, which is a secret and another one each time a URL is signed. */
  readonly url: string;
  /** ETag or Last-Modified of what was begun; null where neither could be relied on, and then `bytes` is 0. */
  readonly validator: string | null;
  /** That many bytes of it are in the part file, and synced. */
  readonly bytes: number;
  /**
   * The boot in which it was written. Within one boot the system has all that was written after it, too, whoever was
   * killed. Null where there is none to be known.
   */
  readonly bootId: string | null;
  /** Of the whole file; null where the server did not tell. */
  readonly totalBytes: number | null;
  /** Of a pre-signed URL whose time was over: whether the next document has a fresh one. Null where none was. */
  readonly expiredUrlMark: string | null;
}

/** An ETag has some 40 characters; a server that sends pages of them gets no resume. */
const MAX_VALIDATOR_CHARACTERS = 512;

/** @returns nothing for what is none of ours, or is about another file. */
export function readResumePoint(value: JsonValue | undefined, url: string): ResumePoint | undefined {
  if (!isObject(value) || value.url !== shownUrl(new URL(url))) return undefined;
  const { validator = null, bytes, bootId = null, totalBytes = null, expiredUrlMark = null } = value;
  if (!isTextOrNull(validator) || !isTextOrNull(bootId) || !isTextOrNull(expiredUrlMark)) return undefined;
  if (!isCount(bytes) || (totalBytes !== null && !isCount(totalBytes))) return undefined;
  return { url: value.url, validator, bytes: validator === null ? 0 : bytes, bootId, totalBytes, expiredUrlMark };
}

/** proc(5), random/boot_id: another one after each start of the system. */
export function readBootId(): Promise<string | null> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextOrNull(value: JsonValue): value is string | null {
  return value === null || typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Whether the system has been up since the point was written, so that it lost nothing of what was written after it. */
export function isSameBoot({ bootId, validator }: ResumePoint, now: string | null): boolean {
  return validator !== null && bootId !== null && bootId === now;
}

/** Tells two signed URLs apart, and nothing else: 64 bits of a hash over 256 of a signature. */
export function urlMark(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16);
}

/**
 * For `If-Range`, which asks for a strong validator: an ETag that is not weak, or a Last-Modified at least a second older
 * than the answer (RFC 9110, sections 8.8.2.2 and 13.1.5).
 */
export function validatorOf({ etag, date, 'last-modified': modified }: IncomingHttpHeaders): string | null {
  if (etag !== undefined) return /^"[^"]*"$/.test(etag) && etag.length <= MAX_VALIDATOR_CHARACTERS ? etag : null;
  const ageMs = Date.parse(date ?? '') - Date.parse(modified ?? '');
  return modified !== undefined && ageMs >= 1000 && modified.length <= MAX_VALIDATOR_CHARACTERS ? modified : null;
}
