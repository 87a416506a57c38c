/** If-Match and its like (RFC 9110, part 13), as S3 evaluates them for GetObject and HeadObject. */
import type { IncomingHttpHeaders } from 'node:http';
import type { OpenObject } from './object-store.ts';

type Version = Pick<OpenObject, 'etag' | 'lastModified'>;

/** `failed` is answered with 412, `notModified` with 304. */
export function evaluateConditions(headers: IncomingHttpHeaders, version: Version): 'failed' | 'notModified' | 'met' {
  const modifiedMs = Math.floor(version.lastModified.getTime() / 1000) * 1000;
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!listsEtag(ifMatch, version.etag)) return 'failed';
  } else if (modifiedMs > parseDate(headers['if-unmodified-since'], Infinity)) {
    return 'failed';
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) return listsEtag(ifNoneMatch, version.etag) ? 'notModified' : 'met';
  return modifiedMs <= parseDate(headers['if-modified-since'], -Infinity) ? 'notModified' : 'met';
}

/** Whether a range may be sent: the client's part of the file is of this very version. */
export function rangeStillHolds(ifRange: string | string[] | undefined, version: Version): boolean {
  if (typeof ifRange !== 'string') return true;
  if (ifRange.startsWith('"')) return ifRange === version.etag;
  return Math.floor(version.lastModified.getTime() / 1000) * 1000 === parseDate(ifRange, Number.NaN);
}

/** S3 takes ETags without their quotes too. */
function listsEtag(header: string, etag: string): boolean {
  const names = header.split(',').map((name) => name.trim().replace(/^W\//, ''));
  return names.includes('*') || names.includes(etag) || names.includes(etag.slice(1, -1));
}

function parseDate(text: string | undefined, otherwise: number): number {
  const timeMs = Date.parse(text ?? '');
  return Number.isNaN(timeMs) ? otherwise : timeMs;
}
