/** What an answer without the file means. */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { DownloadError } from './download-error.ts';

/** An error of S3 has some 500 bytes. */
const MAX_EXPLANATION_BYTES = 4096;
const MAX_RETRY_AFTER_SECONDS = 3600;
/** RFC 9110, section 15: too slow, too often, and every fault of the server but "not implemented". */
const PASSING_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);
const DENIED_STATUSES = new Set([401, 403]);

/** Reads and closes the answer. @param shown the URL without its query. */
export async function refusalOf(url: URL, shown: string, response: IncomingMessage): Promise<DownloadError> {
  const { statusCode: status = 0, headers } = response;
  const words = [status, STATUS_CODES[status]].filter((word) => word !== undefined).join(' ');
  const message = `${shown} answered ${words}`;
  // An expired token of a role is a 400 of S3.
  const explanation = DENIED_STATUSES.has(status) || status === 400 ? await explanationIn(response) : '';
  response.destroy();
  if (DENIED_STATUSES.has(status) || /<Code>ExpiredToken</.test(explanation)) {
    if (hasExpired(url, headers.date, explanation)) {
      return new DownloadError('DOWNLOAD_URL_EXPIRED', `${message}: the time of the pre-signed URL is over`);
    }
    const code = /<Code>(\w{1,64})<\/Code>/.exec(explanation)?.[1];
    return new DownloadError('DOWNLOAD_ACCESS_DENIED', code === undefined ? message : `${message} (${code})`);
  }
  const passing = PASSING_STATUSES.has(status);
  return new DownloadError('DOWNLOAD_HTTP_STATUS', message, { passing, retryAfterMs: retryAfterMs(headers) });
}

/** The first bytes of the body; what cannot be read explains nothing. */
async function explanationIn(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      text += chunk.toString('latin1');
      if (text.length >= MAX_EXPLANATION_BYTES) break;
    }
  } catch {
    // the status alone has to do
  }
  return text.slice(0, MAX_EXPLANATION_BYTES);
}

/** By the server's own words, or by its clock: that of a gateway may be wrong. */
function hasExpired({ searchParams }: URL, date: string | undefined, explanation: string): boolean {
  if (/Request has expired|<Code>ExpiredToken</.test(explanation)) return true;
  const serverMs = Date.parse(date ?? '');
  const nowMs = Number.isNaN(serverMs) ? Date.now() : serverMs;
  return nowMs >= expiryMs(searchParams);
}

/** Signature Version 4 of AWS and of Google; `Expires` of Version 2 and of CloudFront. Infinity where there is none. */
function expiryMs(query: URLSearchParams): number {
  for (const vendor of ['Amz', 'Goog']) {
    const signedAt = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get(`X-${vendor}-Date`) ?? '');
    if (signedAt === null) continue;
    const [, year, month, day, hour, minute, second] = signedAt;
    const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    return ms + Number(query.get(`X-${vendor}-Expires`) ?? Infinity) * 1000;
  }
  const seconds = query.get('Expires') ?? '';
  return /^\d{9,11}$/.test(seconds) ? Number(seconds) * 1000 : Infinity;
}

/** In seconds (RFC 9110, section 10.2.3); a date is passed over, since the clock may be wrong. */
function retryAfterMs({ 'retry-after': text = '' }: IncomingMessage['headers']): number {
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), MAX_RETRY_AFTER_SECONDS) * 1000 : 0;
}
