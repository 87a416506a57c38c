/** A job, as the service keeps it: what it was created with, and how far it has come. */
import type { JobExecutionStatus } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import type { PreparedDocument } from '../substitution/prepare-document.ts';
import type { Execution, Thing, UsedRetries } from './state.ts';

/** API reference, JobStatus. */
export type JobStatus = 'IN_PROGRESS' | 'CANCELED' | 'COMPLETED' | 'DELETION_IN_PROGRESS' | 'SCHEDULED';

export interface Job extends PreparedDocument {
  readonly jobId: string;
  readonly jobArn: string;
  /** Place in the order of making. */
  readonly sequence: number;
  readonly targetSelection: 'SNAPSHOT' | 'CONTINUOUS';
  readonly namespaceId: string | undefined;
  /** As its creator wrote it, a template's parameters in their places. */
  readonly documentText: string;
  readonly document: JsonObject;
  /** Before those were. */
  readonly originalDocumentText: string;
  readonly jobTemplateArn: string | undefined;
  readonly documentParameters: JsonObject | undefined;
  readonly schedulingConfig: JsonObject | undefined;
  readonly schedule: Schedule;
  readonly createdAtMs: number;
  /** ARNs of things and thing groups. */
  targets: readonly string[];
  description: string | undefined;
  config: JobConfig;
  status: JobStatus;
  lastUpdatedAtMs: number;
  completedAtMs: number | undefined;
  forceCanceled: boolean;
  comment: string | undefined;
  reasonCode: string | undefined;
  /** Every execution there is of it, oldest first. */
  readonly executions: Execution[];
  /** Executions by status. */
  readonly executionCounts: Record<JobExecutionStatus, number>;
  /** Things by the status of their latest execution. */
  readonly thingCounts: Record<JobExecutionStatus, number>;
  /** Executions made over its life, retries and deleted ones too. */
  notifiedThings: number;
  /** Targeted things that have no execution yet, in the order they will get one. */
  readonly waiting: WaitingThing[];
  /** When the next of `waiting` get theirs, while the job is IN_PROGRESS. */
  nextRolloutAtMs: number;
  /** Its endTime has come: nobody else gets an execution, and what is left brings it to its end. */
  rolloutStopped: boolean;
  readonly retries: PendingRetry[];
  /** When DELETION_IN_PROGRESS is over. */
  deletedAtMs: number | undefined;
  /** When something happens to it by itself. */
  dueAtMs: number | undefined;
}

export interface WaitingThing {
  readonly thing: Thing;
  /** ARN of the target that it is there for. */
  readonly target: string;
}

export interface PendingRetry {
  readonly thing: Thing;
  readonly atMs: number;
  /** Used up with this one. */
  readonly retries: UsedRetries;
}

/** The configurations that UpdateJob can change. Their members are named as in the API. */
export interface JobConfig {
  readonly jobExecutionsRolloutConfig?: RolloutConfig;
  readonly abortConfig?: { readonly criteriaList: readonly AbortCriteria[] };
  readonly timeoutConfig?: { readonly inProgressTimeoutInMinutes?: number };
  readonly jobExecutionsRetryConfig?: { readonly criteriaList: readonly RetryCriteria[] };
}

export interface RolloutConfig {
  readonly maximumPerMinute?: number;
  readonly exponentialRate?: {
    readonly baseRatePerMinute: number;
    readonly incrementFactor: number;
    readonly rateIncreaseCriteria: {
      readonly numberOfNotifiedThings?: number;
      readonly numberOfSucceededThings?: number;
    };
  };
}

export interface AbortCriteria {
  readonly failureType: 'FAILED' | 'REJECTED' | 'TIMED_OUT' | 'ALL';
  readonly action: 'CANCEL';
  readonly thresholdPercentage: number;
  readonly minNumberOfExecutedThings: number;
}

export interface RetryCriteria {
  readonly failureType: 'FAILED' | 'TIMED_OUT' | 'ALL';
  readonly numberOfRetries: number;
}

/** `schedulingConfig`, read. */
export interface Schedule {
  /** The job's first moment; its creation where it names none. */
  readonly startsAtMs: number;
  readonly endsAtMs: number | undefined;
  readonly endBehavior: 'STOP_ROLLOUT' | 'CANCEL' | 'FORCE_CANCEL';
  /** Empty: at any time. */
  readonly windows: readonly MaintenanceWindow[];
}

export interface MaintenanceWindow {
  /** A cron expression, in UTC. */
  readonly start: string;
  readonly durationMs: number;
}
