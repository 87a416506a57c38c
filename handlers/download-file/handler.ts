import { resolve } from 'node:path';
import {
  checkWithinWorkFolder,
  failed,
  type HandlerContext,
  type HandlerFacts,
  type HandlerResult,
  type ModuleHandler,
  openReplacement,
  type ParameterProblem,
  type Replacement,
  removeLeftReplacement,
  retryLater,
  succeeded,
  writerOf,
} from '../../agent/handler-api.ts';
import { checkHashes, hasExpectedHash, wrongSize } from './content-checks.ts';
import { type DownloadError, toDownloadError } from './download-error.ts';
import { type ExistingFile, findWantedFile } from './existing-file.ts';
import { shownUrl, sourceProblem } from './fetch-response.ts';
import { DOWNLOAD_PACE, type DownloadPace } from './pacing.ts';
import { type DownloadFileParameters, downloadFileParameters } from './parameters.ts';
import { openPartFile, type PartFile } from './part-file.ts';
import { isSameBoot, readBootId, readResumePoint, urlMark } from './resume-point.ts';
import { transferAll } from './transfer.ts';

/** The target is the old file or the whole new one, and what has come of it is kept: it may run again after a power cut. */
export const downloadFileHandler: ModuleHandler<typeof downloadFileParameters> = {
  operation: 'download-file',
  kind: 'module',
  summary: 'Downloads a file over HTTPS, going on where it was cut off, checks it, and puts it in place whole.',
  parameters: downloadFileParameters,
  onInterrupted: 'resume',
  managedTemplates: [{ handler: 'download-file.sh', parametersOf: parametersOfTemplate }],
  check: checkUrl,
  run: downloadFile,
  cleanup: removePart,
};

/** AWS-Download-File: `args` are downloadUrl and filePath (Developer Guide, job-templates-managed). */
function parametersOfTemplate(args: readonly string[]): DownloadFileParameters | string {
  const [url, path, ...more] = args;
  if (!url || !path || more.length > 0) return `expected two arguments, a URL and a file path, got ${args.length}`;
  return { url, path };
}

function checkUrl({ url }: DownloadFileParameters, facts: HandlerFacts): ParameterProblem | undefined {
  const { insecureDownloadHosts: insecureHosts, localDownloadHosts: localHosts } = facts;
  const problem = sourceProblem(url, { insecureHosts, localHosts });
  return problem === undefined ? undefined : { pointer: '/url', reason: problem };
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
    const there = await findWantedFile(path, parameters, context.signal);
    if (there !== undefined) return succeeded({ path, ...there, downloaded: 'no, it was there' });
    return await download(context, { parameters, path, pace });
  } catch (error) {
    if (context.signal.aborted) return failed('DOWNLOAD_STOPPED', `the download to ${path} was stopped`);
    const { code, message } = toDownloadError(error);
    return failed(code, message);
  }
}

interface Download {
  readonly parameters: DownloadFileParameters;
  readonly path: string;
  readonly pace: DownloadPace;
}

async function download(context: HandlerContext, { parameters, path, pace }: Download): Promise<HandlerResult> {
  const { url, mode } = parameters;
  const point = readResumePoint(context.restored, url);
  const bootId = await readBootId();
  const replacement = await openReplacement(path, {
    writer: writerOf(context),
    keepBytes: point?.bytes ?? 0,
    keepMore: point !== undefined && isSameBoot(point, bootId) && hasExpectedHash(parameters),
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
  });
  try {
    const { checkpoint } = context;
    const part = await openPartFile(replacement, {
      point,
      url: shownUrl(new URL(url)),
      expected: parameters,
      bootId,
      checkpoint,
    });
    try {
      await transferAll({ context, parameters, path, part, pace });
      return succeeded({ path, ...(await putInPlace(replacement, part, parameters)) });
    } catch (error) {
      return await keepFor(error, { context, part, replacement, url, expiredUrlMark: point?.expiredUrlMark ?? null });
    }
  } finally {
    await replacement.discard();
  }
}

async function putInPlace(
  replacement: Replacement,
  part: PartFile,
  parameters: DownloadFileParameters,
): Promise<ExistingFile> {
  const { bytes } = part;
  const { sizeBytes = bytes } = parameters;
  if (bytes !== sizeBytes) throw wrongSize(sizeBytes, `it has ${bytes}`);
  const finished = await part.finish();
  checkHashes(finished, parameters);
  await replacement.commit();
  return { bytes, sha256: finished.sha256 };
}

interface Interrupted {
  readonly context: HandlerContext;
  readonly part: PartFile;
  readonly replacement: Replacement;
  readonly url: string;
  readonly expiredUrlMark: string | null;
}

/**
 * Keeps what has come where another attempt may follow: after a stop, which may be one of the agent, and when the time of
 * the URL is over, once for each URL: the document comes anew, and a placeholder in it has become a fresh one.
 * @throws the error where there is none to follow.
 */
async function keepFor(error: unknown, interrupted: Interrupted): Promise<HandlerResult> {
  const { context, part, replacement, url, expiredUrlMark } = interrupted;
  if (context.signal.aborted) {
    await part.save();
    await replacement.leave();
    throw error;
  }
  const failure: DownloadError = toDownloadError(error);
  const mark = urlMark(url);
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
