/**
 * AWS's words for a job execution, spelled as in its API model
 * (https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-https-api.html).
 */
import type { JsonValue } from './json.ts';

/** Statuses a device may set (Developer Guide, UpdateJobExecution). The others belong to the service. */
export type DeviceStatus = 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'REJECTED';
export type TerminalStatus = 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'REJECTED' | 'REMOVED' | 'CANCELED';
export type JobExecutionStatus = 'QUEUED' | 'IN_PROGRESS' | TerminalStatus;

export const JOB_EXECUTION_STATUSES: readonly JobExecutionStatus[] = [
  'QUEUED',
  'IN_PROGRESS',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'REJECTED',
  'REMOVED',
  'CANCELED',
];

/** A terminal status cannot change again. */
export function isTerminal(status: JobExecutionStatus): status is TerminalStatus {
  return status !== 'QUEUED' && status !== 'IN_PROGRESS';
}

/** String to string, shown to the operator. At most 10 pairs; see `status-details.ts`. */
export type StatusDetails = Readonly<Record<string, string>>;

/**
 * What tells one execution from every other: AWS lets a deleted jobId and executionNumber be used again, so the time
 * it was queued (epoch seconds) is part of it. A type and not an interface, so that it counts as a JSON object.
 */
export type ExecutionKey = {
  readonly jobId: string;
  readonly executionNumber: number;
  readonly queuedAt: number;
};

/** An `ExecutionKey` as one string: usable as a map key, as a journal key and in a file name. */
export type ExecutionId = string;

export function executionId(key: ExecutionKey): ExecutionId {
  return `${key.jobId}.${key.executionNumber}.${key.queuedAt}`;
}

/** A jobId has no dots (API Reference, CreateJob: `[a-zA-Z0-9_-]+`). */
export function parseExecutionId(id: ExecutionId): ExecutionKey {
  const [jobId = '', executionNumber, queuedAt] = id.split('.');
  return { jobId, executionNumber: Number(executionNumber), queuedAt: Number(queuedAt) };
}

/** As the list and notify messages give it (Developer Guide, JobExecutionSummary). Times are epoch seconds. */
export interface JobExecutionSummary extends ExecutionKey {
  readonly lastUpdatedAt: number;
  readonly startedAt?: number;
  readonly versionNumber: number;
}

/** As DescribeJobExecution and StartNextPendingJobExecution give it (Developer Guide, JobExecution). */
export interface JobExecution extends JobExecutionSummary {
  readonly status: JobExecutionStatus;
  readonly statusDetails: StatusDetails;
  readonly approximateSecondsBeforeTimedOut?: number;
  /** Absent when it was not asked for. */
  readonly jobDocument?: JsonValue;
}

/** What a rejected update says of the execution it did not change (Developer Guide, JobExecutionState). */
export interface JobExecutionState {
  readonly status: JobExecutionStatus;
  readonly statusDetails: StatusDetails;
  readonly versionNumber: number;
}
