/** The jobs that agents are killed over. Each marks every run of it in a file, and says what may come of it. */
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../agent/core/json.ts';
import type { Random } from './random.ts';

export interface JobKind {
  readonly name: string;
  document(place: JobPlace, jobId: string): JsonObject;
  /** Steps that mark their runs. */
  readonly markedSteps: number;
  /** What the service may end with, when nobody cancels and no run is interrupted. */
  readonly status: 'SUCCEEDED' | 'FAILED' | 'REJECTED';
  /** Cancelled at a moment of chance. */
  readonly isCancelled?: boolean;
  /** Interrupted, it is run again, and so never fails for that until the loop breaker says so. */
  readonly isRerun?: boolean;
}

/** Where the jobs of one gateway leave their marks. */
export interface JobPlace {
  readonly trailFile: string;
  readonly filesDir: string;
}

/** One line a run: JOB_ID, JOB_EXECUTION_NUMBER, JOB_STEP. */
export interface Mark {
  readonly what: 'begin' | 'end';
  readonly jobId: string;
  readonly executionNumber: number;
  readonly step: number;
}

const EXECUTABLE = 'mark-and-tell';

export const JOB_KINDS: readonly JobKind[] = [
  { name: 'command', markedSteps: 1, status: 'SUCCEEDED', document: (place) => command(place, '') },
  { name: 'failing', markedSteps: 1, status: 'FAILED', document: (place) => command(place, 'exit 3') },
  {
    name: 'background',
    markedSteps: 1,
    status: 'SUCCEEDED',
    document: (place) => command(place, 'sleep 300 > /dev/null 2>&1 &'),
  },
  { name: 'refused', markedSteps: 0, status: 'REJECTED', document: () => ({ operation: 'no-such-operation' }) },
  { name: 'rerun', markedSteps: 0, status: 'SUCCEEDED', isRerun: true, document: writeFileJob },
  { name: 'executable', markedSteps: 1, status: 'SUCCEEDED', document: () => ({ operation: EXECUTABLE }) },
  {
    name: 'steps',
    markedSteps: 3,
    status: 'SUCCEEDED',
    document: (place) => ({ steps: [command(place, ''), command(place, ''), command(place, '')] }),
  },
  {
    name: 'cancelled',
    markedSteps: 1,
    status: 'SUCCEEDED',
    isCancelled: true,
    document: (place) => command(place, 'sleep 0.3'),
  },
];

/** Makes the folders, and the handler that is a file. */
export function prepareJobPlace(place: JobPlace, handlersDir: string): void {
  mkdirSync(place.filesDir, { recursive: true });
  appendFileSync(place.trailFile, '');
  const path = join(handlersDir, EXECUTABLE);
  writeFileSync(path, `#!/bin/sh\n${markedScript(`'${place.trailFile}'`, 'echo told=half >> "$JOB_STATUS_FILE"')}\n`);
  chmodSync(path, 0o700);
}

export function jobKindOf(random: Random): JobKind {
  return JOB_KINDS[random.below(JOB_KINDS.length)] as JobKind;
}

export function readMarks({ trailFile }: JobPlace): readonly Mark[] {
  const lines = readFileSync(trailFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => {
    const [what, jobId = '', executionNumber, step] = line.split(' ');
    if (what !== 'begin' && what !== 'end') throw new Error(`${trailFile} has a line that no job wrote: ${line}`);
    return { what, jobId, executionNumber: Number(executionNumber), step: Number(step) };
  });
}

/** Whether the file that a `rerun` job is to write is there, and whole. */
export function isFileWritten({ filesDir }: JobPlace, jobId: string): boolean {
  const path = join(filesDir, jobId);
  return existsSync(path) && readFileSync(path, 'utf8') === contentFor(jobId);
}

function command({ trailFile }: JobPlace, between: string): JsonObject {
  return {
    operation: 'run-command',
    parameters: { command: ['sh', '-c', markedScript('"$1"', between), 'sh', trailFile] },
  };
}

/** A line shorter than a page, written at once to a file opened with O_APPEND, is never mixed with another. */
function markedScript(trail: string, between: string): string {
  const mark = (what: string) => `echo "${what} $JOB_ID $JOB_EXECUTION_NUMBER $JOB_STEP" >> ${trail}`;
  return [mark('begin'), between, mark('end')].filter((line) => line !== '').join('\n');
}

function writeFileJob({ filesDir }: JobPlace, jobId: string): JsonObject {
  return { operation: 'write-file', parameters: { path: join(filesDir, jobId), content: contentFor(jobId) } };
}

function contentFor(jobId: string): string {
  return `${jobId}\n`.repeat(200);
}
