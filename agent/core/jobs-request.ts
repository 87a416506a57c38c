/**
 * The four requests a thing can make of the Jobs service, and what it answers
 * (https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html). How they look on the wire is `protocol`'s.
 */

import type {
  DeviceStatus,
  JobExecution,
  JobExecutionState,
  JobExecutionSummary,
  StatusDetails,
} from './job-execution.ts';
import type { JsonValue } from './json.ts';

export type JobsRequest =
  | StartNextPendingJobExecution
  | DescribeJobExecution
  | GetPendingJobExecutions
  | UpdateJobExecution;

export interface StartNextPendingJobExecution {
  readonly operation: 'StartNextPendingJobExecution';
  /** Stored only if the execution was QUEUED; one that is IN_PROGRESS is handed out again unchanged. */
  readonly statusDetails?: StatusDetails;
  /** 1 to 10,080: TIMED_OUT unless another update comes in time (Developer Guide, StartNextPendingJobExecution). */
  readonly stepTimeoutInMinutes?: number;
}

export interface DescribeJobExecution {
  readonly operation: 'DescribeJobExecution';
  /** A jobId, or `$next` for the first pending one. */
  readonly jobId: string;
  /** Without it the latest. */
  readonly executionNumber?: number;
  /** The service's default is true. */
  readonly includeJobDocument?: boolean;
}

export interface GetPendingJobExecutions {
  readonly operation: 'GetPendingJobExecutions';
}

/** Every update is guarded: the version we believe in, and the execution we mean, are not optional. */
export interface UpdateJobExecution {
  readonly operation: 'UpdateJobExecution';
  readonly jobId: string;
  readonly executionNumber: number;
  readonly expectedVersion: number;
  readonly status: DeviceStatus;
  /** Replaces the whole map; left out, the stored details stay. */
  readonly statusDetails?: StatusDetails;
  /** Starts the step timer anew; left out, it goes on as it is (Developer Guide, UpdateJobExecution). */
  readonly stepTimeoutInMinutes?: number;
  readonly includeJobExecutionState?: boolean;
  readonly includeJobDocument?: boolean;
}

export type AcceptedAnswer =
  | { readonly operation: 'StartNextPendingJobExecution'; readonly execution: JobExecution | null }
  | { readonly operation: 'DescribeJobExecution'; readonly execution: JobExecution | null }
  | {
      readonly operation: 'GetPendingJobExecutions';
      readonly inProgressJobs: readonly JobExecutionSummary[];
      readonly queuedJobs: readonly JobExecutionSummary[];
    }
  | {
      readonly operation: 'UpdateJobExecution';
      readonly executionState?: JobExecutionState;
      readonly jobDocument?: JsonValue;
    };

/** Developer Guide, ErrorResponse: the nine codes a `rejected` message carries. */
export type RejectedErrorCode =
  | 'InvalidTopic'
  | 'InvalidJson'
  | 'InvalidRequest'
  | 'InvalidStateTransition'
  | 'ResourceNotFound'
  | 'VersionMismatch'
  | 'InternalError'
  | 'RequestThrottled'
  | 'TerminalStateReached';

export interface RejectedAnswer {
  readonly code: RejectedErrorCode;
  /** For people. Never compared: its wording is not documented. */
  readonly message: string;
  /** With InvalidStateTransition and VersionMismatch only. */
  readonly executionState?: JobExecutionState;
}

/** JobExecutionsChanged, on `notify`: what is pending, at most 10 (15 with scheduled jobs). */
export interface JobExecutionsChanged {
  readonly topic: 'notify';
  readonly inProgress: readonly JobExecutionSummary[];
  readonly queued: readonly JobExecutionSummary[];
}

/** NextJobExecutionChanged, on `notify-next`: the new first in line, or none. */
export interface NextJobExecutionChanged {
  readonly topic: 'notify-next';
  readonly execution: JobExecution | null;
}

export type JobsNotification = JobExecutionsChanged | NextJobExecutionChanged;
