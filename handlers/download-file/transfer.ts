/** Brings all bytes of the file into the part file, in as many requests as it takes. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HandlerContext } from '../../agent/handler-api.ts';
import { checkAnnouncedSize, tooLarge, wrongSize } from './content-checks.ts';
import { DownloadError, toDownloadError } from './download-error.ts';
import { type FetchOptions, fetchResponse, stalled } from './fetch-response.ts';
import { checkFreeSpace } from './free-space.ts';
import { backoffMs, createThrottle, type DownloadPace, type Throttle } from './pacing.ts';
import type { DownloadFileParameters } from './parameters.ts';
import type { PartFile } from './part-file.ts';
import { validatorOf } from './resume-point.ts';
import type { SignatureSource } from './signature-source.ts';

export interface Transfer {
  readonly context: HandlerContext;
  readonly parameters: DownloadFileParameters;
  /** Of the target. */
  readonly path: string;
  readonly part: PartFile;
  readonly signature: SignatureSource;
  readonly pace: DownloadPace;
}

/** How long a download goes on without a new byte, unless the document says. */
const RETRY_SECONDS = 900;

/** @throws DownloadError, the system's error, or the reason of the signal. */
export async function transferAll(transfer: Transfer): Promise<void> {
  const { context, part, parameters, pace } = transfer;
  const { signal } = context;
  const { maxBytesPerSecond } = parameters;
  const throttle = maxBytesPerSecond === undefined ? undefined : createThrottle(maxBytesPerSecond, signal);
  const patienceMs = (parameters.retrySeconds ?? RETRY_SECONDS) * 1000;
  let mostBytes = part.bytes;
  let lastNewsMs = performance.now();
  let failures = 0;
  for (let interruptions = 1; ; interruptions++) {
    try {
      return await transferOnce(transfer, throttle);
    } catch (error) {
      signal.throwIfAborted();
      const failure = toDownloadError(error);
      if (!failure.passing) throw failure;
      // Bytes that have come before are no news: a server without ranges, on a link that breaks, sends them for ever.
      if (part.bytes >= mostBytes + pace.leastBytes) {
        [mostBytes, lastNewsMs, failures] = [part.bytes, performance.now(), 0];
      }
      failures++;
      const waitMs = Math.max(failure.retryAfterMs, backoffMs(failures, pace));
      if (performance.now() - lastNewsMs + waitMs >= patienceMs) throw failure;
      await part.save();
      const { code, message } = failure;
      context.log.info({ code, reason: message, bytesReceived: part.bytes, waitMs }, 'download was interrupted');
      context.progress({ bytesReceived: part.bytes, interruptions, lastInterruption: `${code}: ${message}` });
      await sleep(waitMs, undefined, { signal });
    }
  }
}

async function transferOnce(transfer: Transfer, throttle: Throttle | undefined): Promise<void> {
  const { context, part, parameters, pace } = transfer;
  await transfer.signature.load(); // first: it is small, and without it the file is of no use
  if (part.bytes > 0 && part.bytes === part.totalBytes) return;
  const options: FetchOptions = {
    facts: context.facts,
    signal: context.signal,
    stallMs: pace.stallMs,
    ...(part.bytes > 0 && part.validator !== null ? { from: { bytes: part.bytes, validator: part.validator } } : {}),
  };
  const response = await fetchResponse(parameters.url, options);
  try {
    await prepare(response, part);
    const limitBytes = limitOf(transfer);
    checkAnnouncedSize(part.totalBytes, { sizeBytes: parameters.sizeBytes, limitBytes });
    await checkFreeSpace(transfer.path, (part.totalBytes ?? part.bytes) - part.bytes, context.workDir);
    await receive(response, transfer, throttle);
  } finally {
    response.destroy();
  }
}

/** Makes the part file fit what the server is about to send. */
async function prepare(response: IncomingMessage, part: PartFile): Promise<void> {
  const { statusCode, headers } = response;
  if (statusCode === 200) {
    await part.restart({ validator: validatorOf(headers), totalBytes: announcedLength(headers) });
    return;
  }
  if (statusCode === 206 && goesOn(headers, part)) return part.learnTotal(totalOf(headers));
  await part.restart({ validator: null, totalBytes: null });
  const what = statusCode === 206 ? 'sent another part of the file than it was asked for' : 'has no such part';
  throw new DownloadError('DOWNLOAD_INCOMPLETE', `the server ${what}: it has to begin anew`);
}

/** RFC 9110, section 15.3.7: a part must be checked against what there is, whatever was asked for. */
function goesOn(headers: IncomingHttpHeaders, { bytes, totalBytes, validator }: PartFile): boolean {
  const [, start] = CONTENT_RANGE.exec(headers['content-range'] ?? '') ?? [];
  const total = totalOf(headers);
  if (Number(start) !== bytes) return false;
  if (total !== null && totalBytes !== null && total !== totalBytes) return false;
  const { etag } = headers;
  return etag === undefined || validator?.startsWith('"') !== true || etag === validator;
}

/** RFC 9110, section 14.4. */
const CONTENT_RANGE = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/i;

/** Of the whole file: a part may be shorter than was asked for, and then what has come is not all. Null: it is not said. */
function totalOf(headers: IncomingHttpHeaders): number | null {
  const [, , total = '*'] = CONTENT_RANGE.exec(headers['content-range'] ?? '') ?? [];
  return total === '*' ? null : Number(total);
}

/** Holds one chunk at a time: the next one is read when this one is written. */
async function receive(response: IncomingMessage, transfer: Transfer, throttle: Throttle | undefined): Promise<void> {
  const { context, part, parameters, pace } = transfer;
  const { sizeBytes } = parameters;
  const limitBytes = limitOf(transfer);
  let { savedBytes } = part;
  let savedAtMs = savedBytes === 0 ? undefined : performance.now();
  try {
    for await (const chunk of atLeastInTime(response, new URL(parameters.url), pace)) {
      const bytes = part.bytes + chunk.length;
      if (bytes > limitBytes) throw tooLarge(limitBytes, 'it goes on');
      if (sizeBytes !== undefined && bytes > sizeBytes) throw wrongSize(sizeBytes, 'it goes on');
      const written = part.append(chunk);
      if (written !== undefined) await written; // most chunks have nothing to wait for
      context.progress({ bytesReceived: bytes, ...percentOf(part) });
      if (bytes - savedBytes >= pace.checkpointBytes) {
        const nowMs = performance.now();
        // The first comes at once: it names the file that later attempts go on with.
        if (savedAtMs === undefined || nowMs - savedAtMs >= pace.checkpointMs) {
          await part.beginSave();
          [savedBytes, savedAtMs] = [bytes, nowMs];
        }
      }
      const pause = throttle?.(chunk.length);
      if (pause !== undefined) await pause;
    }
  } catch (error) {
    throw isCutOff(error) ? incomplete(part) : error;
  }
  if (part.totalBytes !== null && part.bytes < part.totalBytes) throw incomplete(part);
}

/** Hands on what comes in time. Counted is the time in which we wait for the server, not that in which it waits for us. */
async function* atLeastInTime(
  response: AsyncIterable<Buffer>,
  url: URL,
  { stallMs, leastBytes }: DownloadPace,
): AsyncGenerator<Buffer> {
  let [waitedMs, bytes] = [0, 0];
  let askedAtMs = performance.now();
  for await (const chunk of response) {
    waitedMs += performance.now() - askedAtMs;
    bytes += chunk.length;
    if (waitedMs >= stallMs) {
      if (bytes < leastBytes) throw stalled(url, `sent only ${bytes} bytes in ${Math.round(waitedMs / 1000)} s`);
      [waitedMs, bytes] = [0, 0];
    }
    yield chunk;
    askedAtMs = performance.now();
  }
}

function percentOf({ bytes, totalBytes }: PartFile): { percent?: number } {
  return totalBytes === null || totalBytes === 0 ? {} : { percent: Math.floor((bytes / totalBytes) * 100) };
}

function limitOf({ context, parameters }: Transfer): number {
  return Math.min(parameters.maxBytes ?? Number.MAX_SAFE_INTEGER, context.facts.maxDownloadBytes);
}

/** The header is checked first, so that a file that cannot fit costs no traffic; the count is what we trust. */
function announcedLength({ 'content-length': length }: IncomingHttpHeaders): number | null {
  return length === undefined || !/^\d{1,15}$/.test(length) ? null : Number(length);
}

/** Node's parser lets no body end before its announced length, nor before the last chunk: it reports a reset instead. */
function isCutOff(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ECONNRESET';
}

function incomplete({ bytes, totalBytes }: PartFile): DownloadError {
  const announced = totalBytes === null ? '' : ` of the ${totalBytes} announced`;
  return new DownloadError('DOWNLOAD_INCOMPLETE', `the connection broke after ${bytes} bytes${announced}`);
}
