/** The operator's side of jobs: `iot` operations that make, change, cancel and delete them. */
import type { JsonObject } from '../../agent/core/json.ts';
import { setTags } from '../registry/tags.ts';
import { readPresignedUrlConfig } from '../substitution/prepare-document.ts';
import { cancelJobNow } from './cancel-job.ts';
import { ControlError } from './control-error.ts';
import type { ControlResult } from './control-request.ts';
import { existingJob } from './existing.ts';
import { advanceJob, isOpen } from './job-clock.ts';
import { updatedJobConfig } from './job-config.ts';
import { tellJobEvent } from './job-events.ts';
import { MAX_TARGETS, readNewJob } from './new-job.ts';
import { settle } from './settle.ts';
import type { Job, JobsState } from './state.ts';
import { findExecution } from './state.ts';
import { checkTargets, resolveTargets } from './targets.ts';
import { deleteExecution, queueExecution } from './transitions.ts';
import { optionalBoolean, presentMember } from './validation.ts';

/** API reference, DeleteJob: "Only 10 jobs may have status "DELETION_IN_PROGRESS" at the same time". */
const MAX_DELETIONS = 10;

/** Its executions are QUEUED at once, as far as its rate goes; AWS takes up to a second for that. */
export function createJob(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const job = readNewJob(state, input, nowMs);
  state.nextSequence++;
  state.jobs.set(job.jobId, job);
  setTags(state, job.jobArn, input.tags);
  advanceJob(state, job, nowMs);
  return { answer: jobReference(job), notifications: settle(state, nowMs) };
}

export function updateJob(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const job = existingJob(state, input);
  if (job.status === 'DELETION_IN_PROGRESS') throw beingDeleted(job, 'InvalidRequestException');
  job.config = updatedJobConfig(job.config, input);
  job.presignedUrlConfig = readPresignedUrlConfig(input) ?? job.presignedUrlConfig;
  const description = presentMember(input, 'description');
  if (typeof description === 'string') job.description = description;
  job.lastUpdatedAtMs = nowMs;
  // A new criterion may be met by what has been.
  state.unsettled.jobs.add(job);
  return { answer: {}, notifications: settle(state, nowMs) };
}

/** Without force only what is QUEUED; with it what is IN_PROGRESS too. */
export function cancelJob(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const job = existingJob(state, input);
  if (job.status === 'COMPLETED') {
    throw new ControlError('InvalidRequestException', `Job ${job.jobId} is COMPLETED and cannot be canceled`);
  }
  if (job.status === 'DELETION_IN_PROGRESS') throw beingDeleted(job, 'InvalidRequestException');
  const { comment, reasonCode } = input;
  cancelJobNow(state, job, {
    force: optionalBoolean(input, 'force') ?? false,
    by: 'operator',
    comment: typeof comment === 'string' ? comment : undefined,
    reasonCode: typeof reasonCode === 'string' ? reasonCode : undefined,
    nowMs,
  });
  return { answer: jobReference(job), notifications: settle(state, nowMs) };
}

/** Its executions are gone at once; the job stays DELETION_IN_PROGRESS for as long as the options say. */
export function deleteJob(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const job = existingJob(state, input);
  const { jobId, status } = job;
  if (status === 'DELETION_IN_PROGRESS') throw beingDeleted(job, 'InvalidStateTransitionException');
  if (isOpen(job) && optionalBoolean(input, 'force') !== true) {
    throw new ControlError(
      'InvalidStateTransitionException',
      `Job ${jobId} is ${status}; set force to delete it anyway`,
    );
  }
  const deletions = [...state.jobs.values()].filter((other) => other.status === 'DELETION_IN_PROGRESS');
  if (deletions.length >= MAX_DELETIONS) {
    throw new ControlError('LimitExceededException', `${MAX_DELETIONS} jobs are being deleted already`);
  }
  for (const execution of [...job.executions].reverse()) deleteExecution(state, execution, nowMs);
  job.waiting.length = 0;
  job.retries.length = 0;
  job.status = 'DELETION_IN_PROGRESS';
  job.lastUpdatedAtMs = nowMs;
  job.deletedAtMs = nowMs + state.options.deletionTakesMs;
  tellJobEvent(state, job, { event: 'deletion_in_progress', nowMs });
  advanceJob(state, job, nowMs);
  return { answer: {}, notifications: settle(state, nowMs) };
}

/** More targets for a CONTINUOUS job that runs (API reference, AssociateTargetsWithJob). */
export function associateTargetsWithJob(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const job = existingJob(state, input);
  const added = Array.isArray(input.targets) ? input.targets.map(String) : [];
  checkTargets(added);
  if (job.targetSelection !== 'CONTINUOUS') {
    throw new ControlError('InvalidRequestException', `Job ${job.jobId} is not CONTINUOUS`);
  }
  if (job.status !== 'IN_PROGRESS') {
    throw new ControlError('InvalidRequestException', `Job ${job.jobId} is ${job.status}, not IN_PROGRESS`);
  }
  const targets = [...new Set([...job.targets, ...added])];
  if (targets.length > MAX_TARGETS) {
    throw new ControlError('LimitExceededException', `A job has at most ${MAX_TARGETS} targets`);
  }
  const things = resolveTargets(state, added);
  job.targets = targets;
  job.comment = typeof input.comment === 'string' ? input.comment : job.comment;
  job.lastUpdatedAtMs = nowMs;
  const waiting = new Set(job.waiting.map(({ thing }) => thing));
  for (const { thing } of things) {
    if (waiting.has(thing) || findExecution(thing, job.jobId, undefined)?.job === job) continue;
    queueExecution(state, job, { thing, nowMs });
  }
  return { answer: jobReference(job), notifications: settle(state, nowMs) };
}

function jobReference(job: Job): JsonObject {
  const { jobArn, jobId, description } = job;
  return { jobArn, jobId, ...(description !== undefined && { description }) };
}

function beingDeleted(
  { jobId }: Job,
  name: 'InvalidRequestException' | 'InvalidStateTransitionException',
): ControlError {
  return new ControlError(name, `Job ${jobId} is DELETION_IN_PROGRESS`);
}
