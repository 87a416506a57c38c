/** The dry run: what would come from where, and what stands in its way on this machine. Nothing is asked of the server. */
import { lstat, stat } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { type HandlerPlan, noPlainFile, type PlanContext, putProblem } from '../../agent/handler-api.ts';
import { toDownloadError } from './download-error.ts';
import { shownUrl } from './fetch-response.ts';
import { checkFreeSpace } from './free-space.ts';
import type { DownloadFileParameters } from './parameters.ts';

export async function planDownload(
  parameters: DownloadFileParameters,
  { facts, workDir }: PlanContext,
): Promise<HandlerPlan> {
  const { url, sizeBytes, signatureUrl, signature, signatureKey } = parameters;
  const path = resolve(workDir, parameters.path);
  const there = await lstat(path).catch(() => undefined);
  const limit = Math.min(parameters.maxBytes ?? Number.MAX_SAFE_INTEGER, facts.maxDownloadBytes);
  const size = sizeBytes === undefined ? `at most ${limit} bytes` : `${sizeBytes} bytes`;
  const what =
    there === undefined ? '' : `, in the place of what is there${there.isFile() ? ` (${there.size} bytes)` : ''}`;
  const actions = [`download ${shownUrl(new URL(url))} (${size}) to ${path}${what}`];
  const hashes = (['sha256', 'sha384', 'sha512'] as const).filter((name) => parameters[name] !== undefined);
  if (hashes.length > 0) actions.push(`check it by ${hashes.join(', ')}; the same file there already is left as it is`);
  if (signatureUrl !== undefined) actions.push(`download its signature, ${shownUrl(new URL(signatureUrl))}`);
  if (signature !== undefined || signatureUrl !== undefined) {
    actions.push(`check its signature by ${signatureKey ?? 'any key of artifactKeys'}, before it is put in place`);
  }
  return { actions, problems: await problemsOf(parameters, { path, limit, workDir }) };
}

interface Place {
  readonly path: string;
  readonly limit: number;
  readonly workDir: string;
}

async function problemsOf(
  { path: asked, sizeBytes = 0 }: DownloadFileParameters,
  { path, limit, workDir }: Place,
): Promise<readonly string[]> {
  const problems: string[] = [];
  if (sizeBytes > limit) problems.push(`${sizeBytes} bytes are more than the ${limit} that are allowed`);
  if (!isAbsolute(asked)) return problems; // the working folder is made for the job
  const problem = await putProblem(path);
  if (problem !== undefined) return [...problems, problem];
  const there = await lstat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile() && !there.isSymbolicLink())
    problems.push(`${noPlainFile(path, there)}: it is not replaced`);
  const stateFolder = await stat(workDir).then(
    () => workDir,
    () => dirname(workDir),
  );
  await checkFreeSpace(path, sizeBytes, stateFolder).catch((error: unknown) => {
    const { code, message } = toDownloadError(error);
    if (code === 'DOWNLOAD_NO_SPACE') problems.push(message);
  });
  return problems;
}
