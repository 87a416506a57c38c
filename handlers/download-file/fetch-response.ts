/** One GET, with redirects followed by hand: each place we are sent to must be as trustworthy as the first. */
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { checkFileServerPlace, type FileServerFacts, fileServerOptions, urlProblem } from '../../agent/handler-api.ts';
import { DownloadError } from './download-error.ts';
import { refusalOf } from './refusal.ts';

export interface FetchOptions {
  readonly facts: FileServerFacts;
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
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * @returns a response with its body unread: status 200, or 206 or 416 where `from` was given.
 * @throws DownloadError, or the system's error.
 */
export async function fetchResponse(url: string, options: FetchOptions): Promise<IncomingMessage> {
  const wanted = options.from === undefined ? [200] : [200, 206, 416];
  let target = allowedUrl(url, options.facts);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await request(target, options);
    const { statusCode = 0 } = response;
    if (wanted.includes(statusCode)) return response;
    if (!REDIRECTS.has(statusCode)) {
      limitTime(target, response, options.stallMs);
      throw await refusalOf(target, shownUrl(target), response);
    }
    response.destroy();
    target = allowedUrl(locationOf(target, response), options.facts);
  }
  throw new DownloadError(
    'DOWNLOAD_TOO_MANY_REDIRECTS',
    `more than ${MAX_REDIRECTS} redirects, the last to ${shownUrl(target)}`,
  );
}

/** Without query and fragment: a pre-signed URL carries its right to read there. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function allowedUrl(text: string, facts: FileServerFacts): URL {
  if (URL.canParse(text)) checkFileServerPlace(new URL(text), facts);
  const problem = urlProblem(text, facts.insecureDownloadHosts);
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

async function request(url: URL, { facts, signal, stallMs, from }: FetchOptions): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? httpsGet : httpGet;
  // The bytes as they are stored: a size limit and a hash over unpacked content would be about something else.
  const headers = {
    'accept-encoding': 'identity',
    'user-agent': 'iot-job-agent',
    ...(from === undefined ? {} : { range: `bytes=${from.bytes}-`, 'if-range': from.validator }),
  };
  const options = await fileServerOptions(url, facts, { signal, stallMs });
  return new Promise((resolve, reject) => {
    let waiting: { destroy(error: Error): void };
    const request = get(url.href, { ...options, headers }, (response) => {
      clearTimeout(late);
      waiting = response; // from here on whoever reads the body is told
      resolve(response);
    });
    waiting = request;
    const answerMs = HEAD_STALLS * stallMs;
    const late = setTimeout(
      () => request.destroy(stalled(url, `did not answer within ${answerMs / 1000} s`)),
      answerMs,
    );
    request.on('timeout', () => waiting.destroy(stalled(url, `sent nothing for ${stallMs / 1000} s`)));
    request.on('upgrade', ({ statusCode }, socket) => {
      socket.destroy();
      reject(new DownloadError('DOWNLOAD_HTTP_STATUS', `${shownUrl(url)} answered ${statusCode}`));
    });
    request.on('error', reject);
    request.on('close', () => {
      clearTimeout(late);
      reject(new DownloadError('DOWNLOAD_CONNECTION', `${shownUrl(url)} closed the connection without an answer`));
    });
  });
}

/** A head that comes byte by byte, or after one "100 Continue" after the other, is never silent for long. */
const HEAD_STALLS = 2;

/** @param what it did, or did not. */
export function stalled(url: URL, what: string): DownloadError {
  return new DownloadError('DOWNLOAD_STALLED', `${shownUrl(url)} ${what}`);
}

/** For an answer that is small, and yet could come byte by byte: its reader gets the error. */
export function limitTime(url: URL, response: IncomingMessage, ms: number): void {
  const late = setTimeout(() => response.destroy(stalled(url, `was not done within ${ms / 1000} s`)), ms);
  response.once('close', () => clearTimeout(late));
}
