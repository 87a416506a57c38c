import { isAbsolute, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  failed,
  fileServerProblem,
  type HandlerContext,
  type HandlerFacts,
  type HandlerResult,
  type ModuleHandler,
  type ParameterProblem,
  succeeded,
} from '../../agent/handler-api.ts';
import { isWithin, openSource, type UploadSource } from './open-source.ts';
import { MAX_PUT_BYTES, type UploadFileParameters, uploadFileParameters } from './parameters.ts';
import { planUpload } from './plan.ts';
import { putFile } from './put-file.ts';
import { UploadError } from './upload-error.ts';

/** To put the same file twice leaves the same object, so it may run again after a power cut. It leaves nothing behind. */
export const uploadFileHandler: ModuleHandler<typeof uploadFileParameters> = {
  operation: 'upload-file',
  kind: 'module',
  summary: 'Uploads a file over HTTPS by a pre-signed PUT.',
  parameters: uploadFileParameters,
  onInterrupted: 'rerun',
  check: checkPlaces,
  plan: planUpload,
  run: (context, parameters) => uploadFile(context, parameters),
};

/** As in download-file: a minute without a byte is a dead connection. */
const STALL_MS = 60_000;
/** What passes has mostly passed after a minute; for longer troubles the job may be retried by the service. */
const RETRY_DELAYS_MS: readonly number[] = [1000, 4000, 15_000, 40_000];
/** Delays are made up to a quarter longer, so that a fleet does not come back at one moment. */
const SPREAD = 0.25;

function checkPlaces({ url, path }: UploadFileParameters, facts: HandlerFacts): ParameterProblem | undefined {
  const problem = fileServerProblem(url, facts);
  if (problem !== undefined) return { pointer: '/url', reason: problem };
  if (!path.startsWith('/') || isWithin(path, facts.uploadFolders)) return undefined;
  const folders = facts.uploadFolders.join(', ') || 'none';
  return {
    pointer: '/path',
    reason: `is in no folder of uploadFolders (${folders}); a relative path is in the working folder`,
  };
}

/** @param delaysMs before each further try. */
export async function uploadFile(
  context: HandlerContext,
  parameters: UploadFileParameters,
  delaysMs: readonly number[] = RETRY_DELAYS_MS,
): Promise<HandlerResult> {
  const path = resolve(context.workDir, parameters.path);
  let source: UploadSource | undefined;
  try {
    source = await openSource(path, [context.workDir, ...context.facts.uploadFolders]);
    const { bytes } = source;
    const { maxBytes = MAX_PUT_BYTES } = parameters;
    if (bytes > maxBytes) {
      return failed('UPLOAD_TOO_LARGE', `${path} has ${bytes} bytes, more than ${maxBytes}`);
    }
    const sha256 = await putWithRetries(context, parameters, { source, delaysMs });
    return succeeded({ path, bytes, sha256 });
  } catch (error) {
    if (context.signal.aborted) return failed('UPLOAD_STOPPED', `the upload of ${path} was stopped`);
    if (error instanceof UploadError) return failed(error.code, messageOf(error, parameters.path));
    throw error;
  } finally {
    await source?.file.close();
  }
}

function messageOf({ code, message }: UploadError, asked: string): string {
  if (code !== 'UPLOAD_FILE_UNREADABLE' || isAbsolute(asked)) return message;
  return `${message}; a relative path counts from the working folder, where a step before puts it`;
}

async function putWithRetries(
  { facts, signal, log, progress }: HandlerContext,
  { url, contentType }: UploadFileParameters,
  { source, delaysMs }: { readonly source: UploadSource; readonly delaysMs: readonly number[] },
): Promise<string> {
  const percentOf = (sent: number) => Math.floor((sent / source.bytes) * 100);
  const onSent = (sent: number) => progress({ bytesSent: sent, percent: percentOf(sent) });
  const options = { contentType, facts, signal, stallMs: STALL_MS, onSent };
  for (const delayMs of delaysMs) {
    try {
      return await putFile(url, source, options);
    } catch (error) {
      if (signal.aborted || !(error instanceof UploadError && error.isPassing)) throw error;
      log.warn({ code: error.code, reason: error.message, delayMs }, 'upload is tried again');
      await wait(delayMs * (1 + Math.random() * SPREAD), undefined, { signal });
    }
  }
  return putFile(url, source, options);
}
