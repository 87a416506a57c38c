import { resolve } from 'node:path';
import {
  checkWithinWorkFolder,
  failed,
  fileProblem,
  type HandlerContext,
  type HandlerResult,
  type ModuleHandler,
  openReplacement,
  type Replacement,
  removeLeftReplacement,
  retryLater,
  succeeded,
  writerOf,
} from '../../agent/handler-api.ts';
import { checkIsSigned, checkParameters } from './check-parameters.ts';
import { checkHashes, checkSignature, hasExpectedHash, wrongSize } from './content-checks.ts';
import { type DownloadError, type DownloadErrorCode, toDownloadError } from './download-error.ts';
import { type ExistingFile, findWantedFile, type WantedFile } from './existing-file.ts';
import { shownUrl } from './fetch-response.ts';
import { DOWNLOAD_PACE, type DownloadPace } from './pacing.ts';
import { type DownloadFileParameters, downloadFileParameters } from './parameters.ts';
import { openPartFile, type PartFile } from './part-file.ts';
import { planDownload } from './plan.ts';
import { isSameBoot, readBootId, readResumePoint, urlMark } from './resume-point.ts';
import { signatureKeys } from './signature.ts';
import { createSignatureSource } from './signature-source.ts';
import { transferAll } from './transfer.ts';

/** The target is the old file or the whole new one, and what has come of it is kept: it may run again after a power cut. */
export const downloadFileHandler: ModuleHandler<typeof downloadFileParameters> = {
  operation: 'download-file',
  kind: 'module',
  summary: 'Downloads a file over HTTPS, going on where it was cut off, checks it, and puts it in place whole.',
  parameters: downloadFileParameters,
  onInterrupted: 'resume',
  managedTemplates: [{ handler: 'download-file.sh', parametersOf: parametersOfTemplate }],
  check: checkParameters,
  plan: planDownload,
  run: downloadFile,
  cleanup: removePart,
};

/** AWS-Download-File: `args` are downloadUrl and filePath (Developer Guide, job-templates-managed). */
function parametersOfTemplate(args: readonly string[]): DownloadFileParameters | string {
  const [url, path, ...more] = args;
  if (!url || !path || more.length > 0) return `expected two arguments, a URL and a file path, got ${args.length}`;
  return { url, path };
}

/** @param pace other than the usual one for tests. */
export async function downloadFile(
  context: HandlerContext,
  parameters: DownloadFileParameters,
  pace: DownloadPace = DOWNLOAD_PACE,
): Promise<HandlerResult> {
  const path = resolve(context.workDir, parameters.path);
  try {
    await checkWithinWorkFolder(parameters.path, context.workDir);
    checkIsSigned(parameters, context.facts);
    const keys = signatureKeys(parameters, context.facts);
    const signature = createSignatureSource(context, parameters, pace.stallMs);
    const there = await findWantedFile(path, { parameters, keys, signature }, context.signal);
    if (there !== undefined) return succeeded({ path, ...there, downloaded: 'no, it was there' });
    return await download(context, { parameters, path, pace, keys, signature });
  } catch (error) {
    if (context.signal.aborted) return failed('DOWNLOAD_STOPPED', `the download to ${path} was stopped`);
    const { code, message, cause } = toDownloadError(error);
    return failed(
      code,
      NOT_OF_THE_LINK.has(code) ? await fileProblem(cause ?? new Error(message), path, 'put') : message,
    );
  }
}

/** Told by the system of the place where the file was to go. */
const NOT_OF_THE_LINK: ReadonlySet<DownloadErrorCode> = new Set(['DOWNLOAD_NOT_WRITTEN', 'DOWNLOAD_NO_SPACE']);

interface Download extends WantedFile {
  readonly path: string;
  readonly pace: DownloadPace;
}

async function download(context: HandlerContext, wanted: Download): Promise<HandlerResult> {
  const { parameters, path, pace, keys, signature } = wanted;
  const { url, mode, signatureUrl = '' } = parameters;
  const point = readResumePoint(context.restored, url);
  const bootId = await readBootId();
  const replacement = await openReplacement(path, {
    writer: writerOf(context),
    keepBytes: point?.bytes ?? 0,
    keepMore: point !== undefined && isSameBoot(point, bootId) && (hasExpectedHash(parameters) || keys.length > 0),
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
  });
  try {
    const { checkpoint } = context;
    const part = await openPartFile(replacement, {
      point,
      url: shownUrl(new URL(url)),
      expected: parameters,
      keys,
      bootId,
      checkpoint,
    });
    try {
      await transferAll({ context, parameters, path, part, signature, pace });
      return succeeded({ path, ...(await putInPlace(replacement, part, wanted)) });
    } catch (error) {
      const expiredUrlMark = point?.expiredUrlMark ?? null;
      return await keepFor(error, {
        context,
        part,
        replacement,
        mark: urlMark(`${url} ${signatureUrl}`),
        expiredUrlMark,
      });
    }
  } finally {
    await replacement.discard();
  }
}

async function putInPlace(
  replacement: Replacement,
  part: PartFile,
  { parameters, signature }: WantedFile,
): Promise<ExistingFile> {
  const { bytes } = part;
  const { sizeBytes = bytes } = parameters;
  if (bytes !== sizeBytes) throw wrongSize(sizeBytes, `it has ${bytes}`);
  const finished = await part.finish();
  checkHashes(finished, parameters);
  const signed = checkSignature(finished, await signature.load());
  await replacement.commit();
  return { bytes, sha256: finished.sha256, ...signed };
}

interface Interrupted {
  readonly context: HandlerContext;
  readonly part: PartFile;
  readonly replacement: Replacement;
  /** Of the URLs that were used. */
  readonly mark: string;
  readonly expiredUrlMark: string | null;
}

/**
 * Keeps what has come where another attempt may follow: after a stop, which may be one of the agent, and when the time of
 * the URL is over, once for each URL: the document comes anew, and a placeholder in it has become a fresh one.
 * @throws the error where there is none to follow.
 */
async function keepFor(error: unknown, interrupted: Interrupted): Promise<HandlerResult> {
  const { context, part, replacement, mark, expiredUrlMark } = interrupted;
  if (context.signal.aborted) {
    await part.save();
    await replacement.leave();
    throw error;
  }
  const failure: DownloadError = toDownloadError(error);
  if (failure.code !== 'DOWNLOAD_URL_EXPIRED' || mark === expiredUrlMark) throw failure;
  await part.saveExpired(mark);
  await replacement.leave();
  return retryLater(`${failure.message}; the job document is asked for again`, RETRY_EXPIRED_SECONDS);
}

const RETRY_EXPIRED_SECONDS = 1;

/** What a download that was killed or stopped left beside the target. */
async function removePart(context: HandlerContext, { path }: DownloadFileParameters): Promise<HandlerResult> {
  await removeLeftReplacement(resolve(context.workDir, path), { writer: writerOf(context) });
  return succeeded();
}
