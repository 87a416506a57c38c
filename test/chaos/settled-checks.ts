/** What must hold of a gateway whose jobs are all over and whose agent has stopped. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Execution } from '../../local-cloud/jobs-service/state.ts';
import { isFileWritten, type JobKind, type JobPlace, type Mark } from './chaos-jobs.ts';
import type { Violation, ViolationKind } from './violation.ts';

export interface SettledJob {
  readonly jobId: string;
  readonly kind: JobKind;
  readonly execution: Execution;
  /** What the agent's journal held for it, if its log said so. */
  readonly journaled: string | undefined;
  /** Of this job only. */
  readonly marks: readonly Mark[];
}

/** Runs of the execution, and what the service was told of them. */
export function checkJob(job: SettledJob, place: JobPlace): readonly Violation[] {
  const { jobId, kind, execution, journaled, marks } = job;
  const { status, statusDetails } = execution;
  const violations: Violation[] = [];
  const facts = { jobId, status, statusDetails, journaled, marks };
  const complain = (violation: ViolationKind, what: string) => violations.push({ kind: violation, what, facts });

  const begun = marks.filter(({ what }) => what === 'begin');
  const ended = marks.filter(({ what }) => what === 'end');
  if (new Set(begun.map(({ step }) => step)).size < begun.length) complain('doubled runs', 'a step ran twice');
  if (begun.length > 0 && execution.startedAtMs === undefined)
    complain('doubled runs', 'ran before IN_PROGRESS was accepted');

  if (status === 'QUEUED' || status === 'IN_PROGRESS') complain('lost reports', 'never told how it ended');
  if (status === 'TIMED_OUT' || status === 'REMOVED') complain('lost reports', 'a status that nobody gave it');
  if (status === 'CANCELED' && !kind.isCancelled) complain('lost reports', 'cancelled by nobody');
  const isTold = status !== 'CANCELED';
  if (isTold && journaled !== undefined && journaled !== status) complain('lost reports', 'told other than journaled');
  if (isTold && status !== kind.status && !isInterruption(execution))
    complain('lost reports', 'told an end it did not have');
  if (status === 'SUCCEEDED' && kind.status !== 'SUCCEEDED') complain('lost reports', 'a failure told as success');
  if (status === 'SUCCEEDED' && ended.length < kind.markedSteps)
    complain('lost reports', 'success of a run that was not whole');
  if (status === 'SUCCEEDED' && kind.isRerun && !isFileWritten(place, jobId))
    complain('lost reports', 'success without the file');
  return violations;
}

/** What the agent may say of a run it was killed over. */
function isInterruption({ status, statusDetails }: Execution): boolean {
  return status === 'FAILED' && statusDetails.reasonCode === 'INTERRUPTED';
}

/** Processes, and folders of executions and runs. */
export function checkLeftovers(thingName: string, configPath: string): readonly Violation[] {
  const violations: Violation[] = [];
  for (const process of processesOf(thingName)) {
    violations.push({ kind: 'leftovers', what: 'a process of a run that is over lives', facts: process });
  }
  const { stateDir, runtimeDir } = foldersOf(configPath);
  for (const folder of [join(stateDir, 'work'), join(stateDir, 'checkpoints'), join(runtimeDir, 'runs')]) {
    for (const name of namesIn(folder)) {
      violations.push({ kind: 'leftovers', what: 'files of what is over', facts: { path: join(folder, name) } });
    }
  }
  return violations;
}

/** Each run carries the name of its thing in its environment. */
function processesOf(thingName: string): readonly { readonly pid: string; readonly command: string }[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name) && isOf(name, thingName))
    .map((pid) => ({ pid, command: readProc(pid, 'cmdline').replaceAll('\0', ' ') }));
}

function isOf(pid: string, thingName: string): boolean {
  return readProc(pid, 'environ').split('\0').includes(`JOB_THING_NAME=${thingName}`);
}

function readProc(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return ''; // it is gone
  }
}

/** Of an agent with this configuration. */
export function foldersOf(configPath: string): { readonly stateDir: string; readonly runtimeDir: string } {
  const config = JSON.parse(readFileSync(configPath, 'utf8')) as { stateDir: string; runtimeDir: string };
  const folder = dirname(configPath);
  return { stateDir: join(folder, config.stateDir), runtimeDir: join(folder, config.runtimeDir) };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // never made
  }
}
