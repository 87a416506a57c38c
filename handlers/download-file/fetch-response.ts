/** One GET, with redirects followed by hand: each place we are sent to must be as trustworthy as the first. */
import { get as httpGet, type IncomingMessage, STATUS_CODES } from 'node:http';
import { get as httpsGet } from 'node:https';
import { trustedAuthorities, urlProblem } from '../../agent/handler-api.ts';
import { DownloadError } from './download-error.ts';

export interface FetchOptions {
  /** Hosts that `http://` is allowed to. */
  readonly insecureHosts: readonly string[];
  /** PEM of authorities that are trusted besides the public ones; may be empty. */
  readonly caPem: string;
  readonly signal: AbortSignal;
  /** Longest time without a single byte. */
  readonly stallMs: number;
}

/** RFC 9110, section 15.4, leaves the number to us; a pre-signed URL needs none, a release page one or two. */
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** @returns a response with status 200, its body unread. @throws DownloadError, or the system's error. */
export async function fetchResponse(url: string, options: FetchOptions): Promise<IncomingMessage> {
  let target = allowedUrl(url, options.insecureHosts);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await request(target, options);
    if (response.statusCode === 200) return response;
    response.destroy();
    if (!REDIRECTS.has(response.statusCode ?? 0)) throw statusError(target, response.statusCode ?? 0);
    target = allowedUrl(locationOf(target, response), options.insecureHosts);
  }
  throw new DownloadError(
    'DOWNLOAD_TOO_MANY_REDIRECTS',
    `more than ${MAX_REDIRECTS} redirects, the last to ${shown(target)}`,
  );
}

/** Without query and fragment: a pre-signed URL carries its right to read there. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function allowedUrl(url: string, insecureHosts: readonly string[]): URL {
  const problem = urlProblem(url, insecureHosts);
  if (problem !== undefined) throw new DownloadError('DOWNLOAD_URL_REFUSED', `the URL ${problem}`);
  return new URL(url);
}

function locationOf(base: URL, { headers }: IncomingMessage): string {
  const { location } = headers;
  if (location === undefined || !URL.canParse(location, base.href)) {
    throw new DownloadError('DOWNLOAD_FAILED', `${shown(base)} redirects without saying where to`);
  }
  return new URL(location, base).href;
}

function statusError(url: URL, status: number): DownloadError {
  const words = [status, STATUS_CODES[status]].filter((word) => word !== undefined).join(' ');
  const hint = status === 403 ? '; a pre-signed URL may have expired' : '';
  return new DownloadError('DOWNLOAD_HTTP_STATUS', `${shown(url)} answered ${words}${hint}`);
}

function request(url: URL, { caPem, signal, stallMs }: FetchOptions): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? httpsGet : httpGet;
  // The bytes as they are stored: a size limit and a hash over unpacked content would be about something else.
  const headers = { 'accept-encoding': 'identity', 'user-agent': 'iot-job-agent' };
  return new Promise((resolve, reject) => {
    let waiting: { destroy(error: Error): void };
    const options = { headers, signal, agent: false, timeout: stallMs, ...trustedAuthorities(caPem) };
    const request = get(url.href, options, (response) => {
      waiting = response; // from here on whoever reads the body is told
      resolve(response);
    });
    waiting = request;
    request.on('timeout', () => waiting.destroy(stalled(url, stallMs)));
    request.on('error', reject);
  });
}

function stalled(url: URL, stallMs: number): DownloadError {
  return new DownloadError('DOWNLOAD_STALLED', `${shown(url)} sent nothing for ${stallMs / 1000} s`);
}
