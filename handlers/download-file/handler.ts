import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import {
  failed,
  type HandlerContext,
  type HandlerFacts,
  type HandlerResult,
  type ModuleHandler,
  openReplacement,
  type ParameterProblem,
  type Replacement,
  removeLeftReplacement,
  succeeded,
  urlProblem,
  writerOf,
} from '../../agent/handler-api.ts';
import { DownloadError, toDownloadError } from './download-error.ts';
import { fetchResponse } from './fetch-response.ts';
import { type DownloadFileParameters, downloadFileParameters } from './parameters.ts';

/** The target is the old file or the whole new one, so it may run again after a power cut. */
export const downloadFileHandler: ModuleHandler<typeof downloadFileParameters> = {
  operation: 'download-file',
  kind: 'module',
  summary: 'Downloads a file over HTTPS, checks its size and hash, and puts it in place whole.',
  parameters: downloadFileParameters,
  onInterrupted: 'rerun',
  managedTemplates: [{ handler: 'download-file.sh', parametersOf: parametersOfTemplate }],
  check: checkUrl,
  run: downloadFile,
  cleanup: removePart,
};

/** A gateway on a poor link may be silent for a while; a minute without a byte is a dead connection. */
const STALL_MS = 60_000;

/** AWS-Download-File: `args` are downloadUrl and filePath (Developer Guide, job-templates-managed). */
function parametersOfTemplate(args: readonly string[]): DownloadFileParameters | string {
  const [url, path, ...more] = args;
  if (!url || !path || more.length > 0) return `expected two arguments, a URL and a file path, got ${args.length}`;
  return { url, path };
}

function checkUrl({ url }: DownloadFileParameters, facts: HandlerFacts): ParameterProblem | undefined {
  const problem = urlProblem(url, facts.insecureDownloadHosts);
  return problem === undefined ? undefined : { pointer: '/url', reason: problem };
}

async function downloadFile(context: HandlerContext, parameters: DownloadFileParameters): Promise<HandlerResult> {
  const path = resolve(context.workDir, parameters.path);
  try {
    const { bytes, sha256 } = await download(context, parameters, path);
    return succeeded({ path, bytes, sha256 });
  } catch (error) {
    if (context.signal.aborted) return failed('DOWNLOAD_STOPPED', `the download to ${path} was stopped`);
    const { code, message } = toDownloadError(error);
    return failed(code, message);
  }
}

interface Received {
  readonly bytes: number;
  readonly sha256: string;
}

async function download(context: HandlerContext, parameters: DownloadFileParameters, path: string): Promise<Received> {
  const { facts, signal } = context;
  const replacement = await openReplacement(path, {
    writer: writerOf(context),
    ...(parameters.mode === undefined ? {} : { mode: Number.parseInt(parameters.mode, 8) }),
  });
  let response: IncomingMessage | undefined;
  try {
    const { insecureDownloadHosts: insecureHosts, downloadCaPem: caPem } = facts;
    response = await fetchResponse(parameters.url, { insecureHosts, caPem, signal, stallMs: STALL_MS });
    const received = await receive(response, replacement, {
      limitBytes: Math.min(parameters.maxBytes ?? Number.MAX_SAFE_INTEGER, facts.maxDownloadBytes),
      progress: context.progress,
    });
    checkHash(received.sha256, parameters.sha256);
    signal.throwIfAborted();
    await replacement.commit();
    return received;
  } finally {
    response?.destroy();
    await replacement.discard();
  }
}

/** What a download that was killed left beside the target. */
async function removePart(context: HandlerContext, { path }: DownloadFileParameters): Promise<HandlerResult> {
  await removeLeftReplacement(resolve(context.workDir, path), { writer: writerOf(context) });
  return succeeded();
}

interface ReceiveOptions {
  readonly limitBytes: number;
  readonly progress: HandlerContext['progress'];
}

/** Holds one chunk at a time: the next one is read when this one is written. */
async function receive(
  response: IncomingMessage,
  { file }: Replacement,
  { limitBytes, progress }: ReceiveOptions,
): Promise<Received> {
  const length = announcedLength(response);
  if (length !== undefined && length > limitBytes) throw tooLarge(limitBytes, `it has ${length}`);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw tooLarge(limitBytes, 'it goes on');
      hash.update(chunk);
      await file.writeFile(chunk); // writes at the current position, and all of it
      progress({ bytesReceived: bytes, ...(length ? { percent: Math.floor((bytes / length) * 100) } : {}) });
    }
  } catch (error) {
    throw isCutOff(error) ? incomplete(bytes, length) : error;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The header is checked first, so that a file that cannot fit costs no traffic; the count is what we trust. */
function announcedLength({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  return length === undefined || !/^\d{1,15}$/.test(length) ? undefined : Number(length);
}

/** Node's parser lets no body end before its announced length, nor before the last chunk: it reports a reset instead. */
function isCutOff(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ECONNRESET';
}

function incomplete(bytes: number, length: number | undefined): DownloadError {
  const announced = length === undefined ? '' : ` of the ${length} announced`;
  return new DownloadError('DOWNLOAD_INCOMPLETE', `the connection broke after ${bytes} bytes${announced}`);
}

function tooLarge(limitBytes: number, what: string): DownloadError {
  return new DownloadError('DOWNLOAD_TOO_LARGE', `the file is larger than ${limitBytes} bytes: ${what}`);
}

function checkHash(actual: string, expected: string | undefined): void {
  if (expected === undefined || expected.toLowerCase() === actual) return;
  throw new DownloadError('DOWNLOAD_HASH_MISMATCH', `expected SHA-256 ${expected.toLowerCase()}, got ${actual}`);
}
