/** `npm run job -- FILE`: creates a job from a document on the cloud of `npm run dev`, and follows it to its end. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IoTServiceException } from '@aws-sdk/client-iot';
import { findJsonMistake } from '../agent/config/json-mistake.ts';
import { isJsonObject } from '../agent/core/json.ts';
import { createBoard } from './board.ts';
import { type ControlPlane, openControlPlane } from './control-plane.ts';
import { DEV_THING, findDevCloud } from './dev-cloud.ts';
import { followToTheEnd } from './follow.ts';

/** As those of `job-agent`: wrong usage, and nobody who answers (sysexits.h). */
const EXIT = { succeeded: 0, failed: 1, usage: 2, unavailable: 69 } as const;
const FOLLOW_LIMIT_MS = 24 * 3_600_000;

/** @returns 0 when the job SUCCEEDED, 2 for a file that holds no document, 69 without a local cloud, else 1. */
export async function job(file: string | undefined, env: NodeJS.ProcessEnv): Promise<number> {
  if (file === undefined) return complain('which document? npm run job -- FILE', EXIT.usage);
  // npm runs us in the clone's folder, wherever it was called from.
  const document = await readDocument(resolve(env.INIT_CWD ?? '.', file), file);
  if ('problem' in document) return complain(document.problem, EXIT.usage);
  const ready = await findDevCloud();
  if (ready === null) return complain('no local cloud is up; in another terminal: npm run dev', EXIT.unavailable);
  const control = await openControlPlane(ready, DEV_THING);
  try {
    return await createAndFollow(file, document.value, control);
  } catch (error) {
    if (error instanceof IoTServiceException) return complain(`${error.name}: ${error.message}`, EXIT.failed);
    if (!isNetworkError(error)) throw error;
    return complain('the local cloud went away; the job is gone with it', EXIT.unavailable);
  } finally {
    control.close();
  }
}

async function createAndFollow(file: string, document: object, control: ControlPlane): Promise<number> {
  const jobId = `job-${Date.now()}`;
  await control.createJob(jobId, document);
  const board = createBoard([{ jobId, title: `${jobId} (${file})` }], process.stdout);
  const executions = await followToTheEnd({ jobIds: [jobId], control, board, limitMs: FOLLOW_LIMIT_MS });
  const execution = executions.get(jobId);
  console.log(JSON.stringify(execution, null, 2));
  return execution?.status === 'SUCCEEDED' ? EXIT.succeeded : EXIT.failed;
}

/** @param shown how the person called the file. */
async function readDocument(path: string, shown: string): Promise<{ value: object } | { problem: string }> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    return { problem: `${shown}: ${whyUnreadable(error)}` };
  }
  if (text.trim() === '') return { problem: `${shown}: the file is empty` };
  const mistake = findJsonMistake(text);
  if (mistake !== undefined) {
    const { line, column, expected, found } = mistake;
    return { problem: `${shown}:${line}:${column}: not JSON: expected ${expected}, found ${found}` };
  }
  const value: unknown = JSON.parse(text);
  return isJsonObject(value)
    ? { value }
    : { problem: `${shown}: expected a JSON object, as every job document is one` };
}

function whyUnreadable(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return 'no such file';
  return code === 'EISDIR' ? 'expected a file, this is a folder' : `cannot be read (${code})`;
}

/** Of Node.js, not of the service: ECONNREFUSED, ECONNRESET, EPIPE. */
function isNetworkError(error: unknown): boolean {
  return /^E[A-Z]+$/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function complain(problem: string, exitCode: number): number {
  console.error(`job: ${problem}`);
  return exitCode;
}
