/** One GET, with redirects followed by hand: each place we are sent to must be as trustworthy as the first. */
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { trustedAuthorities, urlProblem } from '../../agent/handler-api.ts';
import { addressRefused, hostProblem, lookupAllowed } from './allowed-address.ts';
import { DownloadError } from './download-error.ts';
import { refusalOf } from './refusal.ts';

export interface DownloadHosts {
  /** Hosts that `http://` is allowed to. */
  readonly insecureHosts: readonly string[];
  /** Hosts that may have a loopback or link-local address; those of `insecureHosts` may as well. */
  readonly localHosts: readonly string[];
}

export interface FetchOptions extends DownloadHosts {
  /** PEM of authorities that are trusted besides the public ones; may be empty. */
  readonly caPem: string;
  readonly signal: AbortSignal;
  /** Longest time without a single byte. */
  readonly stallMs: number;
  /** What is asked for, where it is not the whole file. */
  readonly from?: RangeStart;
}

export interface RangeStart {
  readonly bytes: number;
  /** An ETag or a Last-Modified: the part is wanted only if this still holds (RFC 9110, section 13.1.5, If-Range). */
  readonly validator: string;
}

/** RFC 9110, section 15.4, leaves the number to us; a pre-signed URL needs none, a release page one or two. */
const MAX_REDIRECTS = 5;
/** What Node.js 20 has by default. With the 64 KiB of later ones a gigabyte takes 10 MiB more memory, and as long. */
const SOCKET_BUFFER_BYTES = 16 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * @returns a response with its body unread: status 200, or 206 or 416 where `from` was given.
 * @throws DownloadError, or the system's error.
 */
export async function fetchResponse(url: string, options: FetchOptions): Promise<IncomingMessage> {
  const wanted = options.from === undefined ? [200] : [200, 206, 416];
  let target = allowedUrl(url, options);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await request(target, options);
    const { statusCode = 0 } = response;
    if (wanted.includes(statusCode)) return response;
    if (!REDIRECTS.has(statusCode)) throw await refusalOf(target, shownUrl(target), response);
    response.destroy();
    target = allowedUrl(locationOf(target, response), options);
  }
  throw new DownloadError(
    'DOWNLOAD_TOO_MANY_REDIRECTS',
    `more than ${MAX_REDIRECTS} redirects, the last to ${shownUrl(target)}`,
  );
}

/** What is wrong with where a download would come from, as far as the URL tells, or nothing. */
export function sourceProblem(url: string, hosts: DownloadHosts): string | undefined {
  const problem = urlProblem(url, hosts.insecureHosts);
  if (problem !== undefined) return problem;
  const { hostname } = new URL(url);
  const address = hostProblem(hostname, isListed(hostname, hosts));
  return address === undefined ? undefined : `leads to ${hostname}, ${address}`;
}

/** Without query and fragment: a pre-signed URL carries its right to read there. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function isListed(hostname: string, { insecureHosts, localHosts }: DownloadHosts): boolean {
  return isIn(localHosts, hostname) || isIn(insecureHosts, hostname);
}

function isIn(hosts: readonly string[], hostname: string): boolean {
  return hosts.some((host) => host.toLowerCase() === hostname);
}

function allowedUrl(text: string, hosts: DownloadHosts): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const address = url === undefined ? undefined : hostProblem(url.hostname, isListed(url.hostname, hosts));
  if (url !== undefined && address !== undefined) throw addressRefused(url.hostname, address);
  const problem = urlProblem(text, hosts.insecureHosts);
  if (problem !== undefined) throw new DownloadError('DOWNLOAD_URL_REFUSED', `the URL ${problem}`);
  return new URL(text);
}

function locationOf(base: URL, { headers }: IncomingMessage): string {
  const { location } = headers;
  if (location === undefined || !URL.canParse(location, base.href)) {
    throw new DownloadError('DOWNLOAD_FAILED', `${shownUrl(base)} redirects without saying where to`);
  }
  return new URL(location, base).href;
}

function request(url: URL, options: FetchOptions): Promise<IncomingMessage> {
  const { caPem, signal, stallMs, from } = options;
  const get = url.protocol === 'https:' ? httpsGet : httpGet;
  // The bytes as they are stored: a size limit and a hash over unpacked content would be about something else.
  const headers = {
    'accept-encoding': 'identity',
    'user-agent': 'iot-job-agent',
    ...(from === undefined ? {} : { range: `bytes=${from.bytes}-`, 'if-range': from.validator }),
  };
  const lookup = lookupAllowed(isListed(url.hostname, options));
  return new Promise((resolve, reject) => {
    let waiting: { destroy(error: Error): void };
    const own = {
      headers,
      lookup,
      signal,
      agent: false,
      timeout: stallMs,
      highWaterMark: SOCKET_BUFFER_BYTES,
      ...trustedAuthorities(caPem),
    };
    const request = get(url.href, own, (response) => {
      waiting = response; // from here on whoever reads the body is told
      resolve(response);
    });
    waiting = request;
    request.on('timeout', () => waiting.destroy(stalled(url, stallMs)));
    request.on('error', reject);
  });
}

function stalled(url: URL, stallMs: number): DownloadError {
  return new DownloadError('DOWNLOAD_STALLED', `${shownUrl(url)} sent nothing for ${stallMs / 1000} s`);
}
