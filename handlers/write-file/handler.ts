import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import {
  checkWithinWorkFolder,
  failed,
  type HandlerContext,
  type HandlerResult,
  type ModuleHandler,
  type ParameterProblem,
  removeLeftReplacement,
  replaceFile,
  succeeded,
  writerOf,
} from '../../agent/handler-api.ts';
import { type WriteFileParameters, writeFileParameters } from './parameters.ts';

/** Running it twice leaves the same file, so it may run again after a power cut. */
export const writeFileHandler: ModuleHandler<typeof writeFileParameters> = {
  operation: 'write-file',
  kind: 'module',
  summary: 'Writes a file whose content is in the job document; the old file stays until the new one is whole.',
  parameters: writeFileParameters,
  onInterrupted: 'rerun',
  defaultTimeoutSeconds: 60,
  check: checkContent,
  run: writeFile,
  cleanup: removePart,
};

/** RFC 4648, section 4: Buffer would skip what is not base64 without a word. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function checkContent({ content, encoding }: WriteFileParameters): ParameterProblem | undefined {
  if (encoding !== 'base64' || BASE64.test(content)) return undefined;
  return { pointer: '/content', reason: 'expected base64 with padding and without line breaks, got something else' };
}

async function writeFile(context: HandlerContext, parameters: WriteFileParameters): Promise<HandlerResult> {
  const path = resolve(context.workDir, parameters.path);
  const content = Buffer.from(parameters.content, parameters.encoding ?? 'utf8');
  try {
    await checkWithinWorkFolder(parameters.path, context.workDir);
    await replaceFile(path, content, {
      writer: writerOf(context),
      ...(parameters.mode === undefined ? {} : { mode: Number.parseInt(parameters.mode, 8) }),
    });
  } catch (error) {
    return failed('FILE_NOT_WRITTEN', `${path} could not be written: ${(error as Error).message}`);
  }
  return succeeded({ path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
}

/** What a write that was killed left beside the target. */
async function removePart(context: HandlerContext, { path }: WriteFileParameters): Promise<HandlerResult> {
  await removeLeftReplacement(resolve(context.workDir, path), { writer: writerOf(context) });
  return succeeded();
}
