/** `npm run job`: creates a job from a document on the cloud of `npm run dev`, and follows it to its end. */
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { IoTServiceException, type JobExecution } from '@aws-sdk/client-iot';
import { findJsonMistake } from '../agent/config/json-mistake.ts';
import { isJsonObject } from '../agent/core/json.ts';
import { createBoard } from './board.ts';
import type { CloudReady } from './cloud-ready.ts';
import { type ControlPlane, openControlPlane } from './control-plane.ts';
import { configPathOf } from './demo.ts';
import { DEV_THING, findDevCloud } from './dev-cloud.ts';
import { followToTheEnd } from './follow.ts';
import { Interrupted, type Interruption, watchForInterruption } from './interruption.ts';
import { noticeLongQueue } from './long-queue.ts';

/** As those of `job-agent`: wrong usage, and nobody who answers (sysexits.h). */
const EXIT = { succeeded: 0, failed: 1, usage: 2, unavailable: 69 } as const;
const FOLLOW_LIMIT_MS = 24 * 3_600_000;

/** A document to make a job of, or a job that is there. */
export type JobSource = { readonly file: string } | { readonly jobId: string };

/**
 * @returns 0 when the job SUCCEEDED, 2 for a file that holds no document, 69 without a local cloud, 128 and the number of
 * the signal that ended the watching, else 1.
 */
export async function job(source: JobSource, env: NodeJS.ProcessEnv): Promise<number> {
  // npm runs us in the clone's folder, wherever it was called from.
  const document = 'file' in source ? await readDocument(resolve(env.INIT_CWD ?? '.', source.file), source.file) : null;
  if (document !== null && 'problem' in document) return complain(document.problem, EXIT.usage);
  const ready = await findDevCloud();
  if (ready === null) return complain('no local cloud is up; in another terminal: npm run dev', EXIT.unavailable);
  const control = await openControlPlane(ready, DEV_THING);
  const interruption = watchForInterruption();
  const jobId = 'jobId' in source ? source.jobId : `job-${Date.now()}`;
  try {
    if (document !== null) await control.createJob(jobId, document.value);
    const execution = await follow(jobId, { control, ready, interruption });
    console.log(JSON.stringify(execution, null, 2));
    return execution?.status === 'SUCCEEDED' ? EXIT.succeeded : EXIT.failed;
  } catch (error) {
    if (error instanceof Interrupted) {
      return complain(`${error.message}; ${jobId} goes on: npm run job -- --follow ${jobId}`, error.exitCode);
    }
    if (error instanceof IoTServiceException) return complain(`${error.name}: ${error.message}`, EXIT.failed);
    if (!isNetworkError(error)) throw error;
    return complain('the local cloud went away; the job is gone with it', EXIT.unavailable);
  } finally {
    control.close();
  }
}

interface Surroundings {
  readonly control: ControlPlane;
  readonly ready: CloudReady;
  readonly interruption: Interruption;
}

/** @throws Interrupted, which ends the watching and not the job; whatever `control` throws. */
async function follow(
  jobId: string,
  { control, ready, interruption }: Surroundings,
): Promise<JobExecution | undefined> {
  const board = createBoard([{ jobId, title: jobId }], process.stdout);
  const configPath = relative(process.cwd(), configPathOf(ready));
  const following = followToTheEnd({
    jobIds: [jobId],
    control,
    board,
    limitMs: FOLLOW_LIMIT_MS,
    signal: interruption.signal,
    onOpen: noticeLongQueue(() => {
      board.say(
        `The gateway has not taken ${jobId} yet: it has another job in hand, or no connection. Which of them says`,
      );
      board.say(`  node dist/job-agent.js status --config ${configPath}`);
    }),
  });
  following.catch(() => undefined); // it may end after the interruption did
  return (await interruption.unlessFirst(following)).get(jobId);
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
