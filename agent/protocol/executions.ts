/**
 * The shapes that answers and notifications share
 * (https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-https-api.html). A member that is null counts as absent.
 */
import {
  JOB_EXECUTION_STATUSES,
  type JobExecution,
  type JobExecutionState,
  type JobExecutionStatus,
  type JobExecutionSummary,
  type StatusDetails,
} from '../core/job-execution.ts';
import { isJsonObject } from '../core/json.ts';
import {
  type JsonPlace,
  memberPlace,
  noteExpected,
  readObject,
  readOptional,
  readQuotedInteger,
  readString,
} from '../core/json-place.ts';
import { isJobId } from './topics.ts';

/** A member of a message. */
export function messageMember(place: JsonPlace, name: string): JsonPlace {
  const member = memberPlace(place, name);
  return { ...member, value: member.value ?? undefined };
}

/** JobExecution. Its document is left as it came: reading it, and refusing it, is the core's. */
export function readExecution(place: JsonPlace): JobExecution {
  const secondsLeft = readOptional(messageMember(place, 'approximateSecondsBeforeTimedOut'), readAnyInteger);
  const jobDocument = messageMember(place, 'jobDocument').value;
  return {
    ...readSummary(place),
    status: readStatus(messageMember(place, 'status')),
    statusDetails: readStatusDetails(messageMember(place, 'statusDetails')),
    ...(secondsLeft !== undefined && { approximateSecondsBeforeTimedOut: secondsLeft }),
    ...(jobDocument !== undefined && { jobDocument }),
  };
}

/** JobExecutionSummary. `lastUpdatedAt` is nothing we act on: without it, when the execution was queued will do. */
export function readSummary(place: JsonPlace): JobExecutionSummary {
  readObject(place);
  const queuedAt = readCount(messageMember(place, 'queuedAt'));
  const startedAt = readOptional(messageMember(place, 'startedAt'), readCount);
  return {
    jobId: readJobId(messageMember(place, 'jobId')),
    executionNumber: readCount(messageMember(place, 'executionNumber')),
    queuedAt,
    lastUpdatedAt: readOptional(messageMember(place, 'lastUpdatedAt'), readCount) ?? queuedAt,
    ...(startedAt !== undefined && { startedAt }),
    versionNumber: readCount(messageMember(place, 'versionNumber')),
  };
}

/** JobExecutionState. */
export function readExecutionState(place: JsonPlace): JobExecutionState {
  readObject(place);
  return {
    status: readStatus(messageMember(place, 'status')),
    statusDetails: readStatusDetails(messageMember(place, 'statusDetails')),
    versionNumber: readCount(messageMember(place, 'versionNumber')),
  };
}

function readJobId(place: JsonPlace): string {
  const jobId = readString(place);
  if (!isJobId(jobId)) noteExpected(place, 'a job id (1 to 64 of a-z A-Z 0-9 _ -)');
  return jobId;
}

function readStatus(place: JsonPlace): JobExecutionStatus {
  const status = JOB_EXECUTION_STATUSES.find((known) => known === place.value);
  if (status === undefined) noteExpected(place, `one of ${JOB_EXECUTION_STATUSES.join(' ')}`);
  return status ?? 'QUEUED';
}

/** String to string by the API model; what is not a string is left out, for details decide nothing. */
function readStatusDetails(place: JsonPlace): StatusDetails {
  const details = isJsonObject(place.value) ? place.value : {};
  if (place.value !== undefined && details !== place.value) noteExpected(place, 'an object');
  return Object.fromEntries(
    Object.entries(details).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Numbers of versions and executions, and times in epoch seconds. */
function readCount(place: JsonPlace): number {
  return readQuotedInteger(place, 0);
}

function readAnyInteger(place: JsonPlace): number {
  return readQuotedInteger(place, Number.MIN_SAFE_INTEGER);
}
