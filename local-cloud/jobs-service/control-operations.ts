/**
 * The operator's side: the `iot` service's operations on jobs and their executions (API reference of CreateJob,
 * CancelJob, CancelJobExecution and the describing and listing ones). A refusal is thrown and has changed nothing.
 */
import { isTerminal, JOB_EXECUTION_STATUSES } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from './control-error.ts';
import type { ControlOperations, ControlResult } from './control-request.ts';
import { describedExecution, describedJob, executionSummary } from './control-shapes.ts';
import { readNewJob } from './new-job.ts';
import { notificationsSince, snapshotPending } from './notifications.ts';
import type { Execution, Job, JobsState, Notification, Thing } from './state.ts';
import { findExecution } from './state.ts';
import { changeExecution, completeJobWhenDone, deadlineMs, queueExecution } from './transitions.ts';
import {
  constraint,
  JOB_ID,
  optionalBoolean,
  optionalInteger,
  optionalStatusDetails,
  optionalText,
  presentMember,
  refuseNotServed,
  requireMatch,
  THING_NAME,
} from './validation.ts';

const MAX_PAGE_SIZE = 250;
const MAX_COMMENT_LENGTH = 2028;

export const JOB_OPERATIONS = {
  CreateJob: createJob,
  DescribeJob: describeJob,
  GetJobDocument: getJobDocument,
  CancelJob: cancelJob,
  DescribeJobExecution: describeJobExecution,
  CancelJobExecution: cancelJobExecution,
  ListJobExecutionsForThing: listJobExecutionsForThing,
} as const satisfies ControlOperations;

/** Makes every execution whose time is up TIMED_OUT. */
export function expireTimers(state: JobsState, nowMs: number): readonly Notification[] {
  const notifications: Notification[] = [];
  for (const thing of state.things.values()) {
    const before = snapshotPending(thing);
    const overdue = thing.pending.filter((execution) => (deadlineMs(execution) ?? Infinity) <= nowMs);
    for (const execution of overdue) changeExecution(execution, { status: 'TIMED_OUT' }, nowMs);
    notifications.push(...notificationsSince(before, thing, nowMs));
  }
  return notifications;
}

/** When `expireTimers` next has something to do, or undefined while no timer runs. */
export function nextDeadlineMs(state: JobsState): number | undefined {
  let next: number | undefined;
  for (const thing of state.things.values()) {
    for (const execution of thing.pending) {
      const deadline = deadlineMs(execution);
      if (deadline !== undefined && (next === undefined || deadline < next)) next = deadline;
    }
  }
  return next;
}

/** Its executions are QUEUED at once; AWS takes up to a second for that. */
function createJob(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const { job, things } = readNewJob(state, input, nowMs);
  const before = things.map((thing) => snapshotPending(thing));
  state.jobs.set(job.jobId, job);
  for (const thing of things) queueExecution(state, job, { thing, nowMs });
  const notifications = things.flatMap((thing, index) => {
    const snapshot = before[index];
    return snapshot ? notificationsSince(snapshot, thing, nowMs) : [];
  });
  return { answer: jobReference(job), notifications };
}

function describeJob(state: JobsState, input: JsonObject): ControlResult {
  const job = existingJob(state, input);
  const described = describedJob(job, optionalBoolean(input, 'beforeSubstitution') ?? false);
  const source = job.documentSource === undefined ? {} : { documentSource: job.documentSource };
  return { answer: { ...source, job: described }, notifications: [] };
}

function getJobDocument(state: JobsState, input: JsonObject): ControlResult {
  const { documentText, delivery } = existingJob(state, input);
  const isBefore = optionalBoolean(input, 'beforeSubstitution') ?? false;
  return { answer: { document: isBefore ? documentText : (delivery?.text ?? documentText) }, notifications: [] };
}

/** Without force only what is QUEUED; with it what is IN_PROGRESS too. */
function cancelJob(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const force = optionalBoolean(input, 'force') ?? false;
  const comment = optionalText(input, 'comment', MAX_COMMENT_LENGTH);
  const reasonCode = presentMember(input, 'reasonCode');
  const checkedReason =
    reasonCode === undefined ? undefined : requireMatch('reasonCode', reasonCode, /^[\p{Upper}\p{Nd}_]{1,128}$/u);
  const job = existingJob(state, input);
  if (job.status === 'COMPLETED') {
    throw new ControlError('InvalidRequestException', `Job ${job.jobId} is COMPLETED and cannot be canceled`);
  }
  job.status = 'CANCELED';
  job.lastUpdatedAtMs = nowMs;
  job.forceCanceled ||= force;
  job.comment = comment ?? job.comment;
  job.reasonCode = checkedReason ?? job.reasonCode;

  const open = job.executions.filter((execution) =>
    force ? !isTerminal(execution.status) : execution.status === 'QUEUED',
  );
  const notifications = open.flatMap((execution) => cancel(execution, { force, nowMs }));
  completeJobWhenDone(job, nowMs);
  return { answer: jobReference(job), notifications };
}

function describeJobExecution(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const execution = existingExecution(state, input);
  return { answer: { execution: describedExecution(execution, nowMs) }, notifications: [] };
}

function cancelJobExecution(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const force = optionalBoolean(input, 'force') ?? false;
  const expectedVersion = optionalInteger(input, 'expectedVersion');
  const statusDetails = optionalStatusDetails(input);
  const execution = existingExecution(state, input);
  const { status, versionNumber } = execution;
  if (isTerminal(status) || (status === 'IN_PROGRESS' && !force)) {
    const advice = isTerminal(status) ? '' : '; set force to cancel it anyway';
    throw new ControlError('InvalidStateTransitionException', `Job execution is ${status}${advice}`);
  }
  if (expectedVersion !== undefined && expectedVersion !== versionNumber) {
    const message = `Expected version ${expectedVersion} but found version ${versionNumber}`;
    throw new ControlError('VersionConflictException', message);
  }
  return { answer: {}, notifications: cancel(execution, { force, statusDetails, nowMs }) };
}

/** Newest first; AWS documents no order. The token is the place of the last one given. */
function listJobExecutionsForThing(state: JobsState, input: JsonObject): ControlResult {
  const thing = existingThing(state, input);
  refuseNotServed(input, ['namespaceId']);
  const status = presentMember(input, 'status');
  if (status !== undefined && !JOB_EXECUTION_STATUSES.some((known) => known === status)) {
    throw constraint('status', status, `satisfy enum value set: [${JOB_EXECUTION_STATUSES.join(', ')}]`);
  }
  const jobId = presentMember(input, 'jobId');
  const pageSize = optionalInteger(input, 'maxResults') ?? MAX_PAGE_SIZE;
  if (pageSize < 1 || pageSize > MAX_PAGE_SIZE) {
    throw constraint('maxResults', pageSize, `have value between 1 and ${MAX_PAGE_SIZE}`);
  }
  const before = readToken(input);
  const found = [...thing.executions.values()]
    .flat()
    .filter((execution) => execution.sequence < before)
    .filter((execution) => status === undefined || execution.status === status)
    .filter((execution) => jobId === undefined || execution.job.jobId === jobId)
    .sort((a, b) => b.sequence - a.sequence);
  const page = found.slice(0, pageSize);
  const last = page.at(-1);
  const answer = {
    executionSummaries: page.map((execution) => ({
      jobId: execution.job.jobId,
      jobExecutionSummary: executionSummary(execution),
    })),
    ...(last && found.length > pageSize && { nextToken: String(last.sequence) }),
  };
  return { answer, notifications: [] };
}

function cancel(
  execution: Execution,
  options: { force: boolean; statusDetails?: Execution['statusDetails'] | undefined; nowMs: number },
): readonly Notification[] {
  const { force, statusDetails, nowMs } = options;
  const before = snapshotPending(execution.thing);
  changeExecution(execution, { status: 'CANCELED', statusDetails, forceCanceled: force }, nowMs);
  return notificationsSince(before, execution.thing, nowMs);
}

function jobReference(job: Job): JsonObject {
  const { jobArn, jobId, description } = job;
  return { jobArn, jobId, ...(description !== undefined && { description }) };
}

function existingJob(state: JobsState, input: JsonObject): Job {
  const jobId = requireMatch('jobId', input.jobId, JOB_ID);
  const job = state.jobs.get(jobId);
  if (!job) throw new ControlError('ResourceNotFoundException', `Job ${jobId} does not exist`);
  return job;
}

function existingThing(state: JobsState, input: JsonObject): Thing {
  const thingName = requireMatch('thingName', input.thingName, THING_NAME);
  const thing = state.things.get(thingName);
  if (!thing) throw new ControlError('ResourceNotFoundException', `Thing ${thingName} does not exist`);
  return thing;
}

function existingExecution(state: JobsState, input: JsonObject): Execution {
  const jobId = requireMatch('jobId', input.jobId, JOB_ID);
  const executionNumber = optionalInteger(input, 'executionNumber');
  const thing = existingThing(state, input);
  const execution = findExecution(thing, jobId, executionNumber);
  if (execution) return execution;
  const which = executionNumber === undefined ? '' : ` with execution number ${executionNumber}`;
  const message = `Job execution ${jobId}${which} does not exist for thing ${thing.thingName}`;
  throw new ControlError('ResourceNotFoundException', message);
}

function readToken(input: JsonObject): number {
  const token = presentMember(input, 'nextToken');
  if (token === undefined) return Infinity;
  if (typeof token !== 'string' || !/^\d{1,15}$/.test(token)) {
    throw new ControlError('InvalidRequestException', 'nextToken is not one that this service gave out');
  }
  return Number(token);
}
