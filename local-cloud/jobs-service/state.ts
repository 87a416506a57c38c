/**
 * What the Jobs service knows: things, jobs, executions. Plain data; the functions beside it change it, one request at a
 * time. Nothing here reads a clock: times are milliseconds since the epoch, given by the caller.
 */
import type { JobExecutionStatus, StatusDetails } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { emptyPackageCatalog, type PackageCatalog } from '../packages/catalog-state.ts';
import type { InstalledPackage } from '../packages/destination-packages.ts';
import { emptyRegistry, type Registry } from '../registry/registry-state.ts';
import type { Presign } from '../substitution/delivered-document.ts';
import { DEFAULT_SUBSTITUTION_RULES, type SubstitutionRules } from '../substitution/document-plan.ts';
import { presignNothing } from '../substitution/prepare-document.ts';
import { DueQueue } from './due-queue.ts';
import type { Job, PendingRetry } from './job-state.ts';
import { DEFAULT_SERVICE_OPTIONS, type ServiceOptions } from './service-options.ts';

export type { Job, JobStatus } from './job-state.ts';

/** Fixed, so that ARNs in tests and documents can be written down. */
export const REGION = 'us-east-1';
export const ACCOUNT_ID = '123456789012';

/** Who changed an execution: its device, an operator through the control plane, or the service by its own rules. */
export type ChangedBy = 'device' | 'operator' | 'service';

/** An execution as it was after one change. */
export interface ChangeRecord {
  readonly atMs: number;
  readonly status: JobExecutionStatus;
  readonly versionNumber: number;
  readonly statusDetails: StatusDetails;
  readonly by: ChangedBy;
}

export interface Execution {
  readonly job: Job;
  readonly thing: Thing;
  readonly executionNumber: number;
  /** Grows with every execution made: the queue's order, because seconds on the wire tie. */
  readonly sequence: number;
  readonly queuedAtMs: number;
  /** Retries of the job on this thing that were used up when it was made, by what they were for; null: not a retry. */
  readonly retries: UsedRetries | null;
  status: JobExecutionStatus;
  statusDetails: StatusDetails;
  /** Cancelled by an operator who set `force`. */
  forceCanceled: boolean;
  startedAtMs: number | undefined;
  lastUpdatedAtMs: number;
  versionNumber: number;
  /** From the job's `inProgressTimeoutInMinutes`; set when the execution starts, never moved. */
  inProgressDeadlineMs: number | undefined;
  /** From `stepTimeoutInMinutes`; each new value replaces the old one. */
  stepDeadlineMs: number | undefined;
  /** When it becomes TIMED_OUT: the earlier of the two, and as late as the options say. */
  dueAtMs: number | undefined;
  /** Its changes, oldest first, beginning with its making; the newest 100. */
  readonly history: ChangeRecord[];
  /** It was deleted: nothing refers to it any more but who still holds it. */
  deleted: boolean;
}

/** Retries of one thing by the failure they followed. */
export interface UsedRetries {
  readonly FAILED: number;
  readonly TIMED_OUT: number;
}

export interface Thing {
  readonly thingName: string;
  readonly thingArn: string;
  /** All executions of each job, oldest first. */
  readonly executions: Map<string, Execution[]>;
  /** Those IN_PROGRESS, in the order they were queued. */
  readonly inProgress: Execution[];
  /** Those QUEUED, in the order they were queued. */
  readonly queued: Execution[];
  /** How many of `queued` are of jobs with maintenance windows. */
  windowedQueued: number;
  /** Grows whenever something enters or leaves the pending list as the device sees it. */
  pendingRevision: number;
  /** What its device was told last: the revision, and the `sequence` of the first in line. */
  announced: { revision: number; head: number | undefined };
  /** By packageName. On AWS this is the reserved named shadow `$package`; nothing here gives it out. */
  readonly installedPackages: Map<string, InstalledPackage>;
}

export interface JobsState {
  readonly things: Map<string, Thing>;
  readonly jobs: Map<string, Job>;
  readonly registry: Registry;
  readonly packages: PackageCatalog;
  /** Signs the URLs of job documents. */
  readonly presign: Presign;
  readonly substitutionRules: SubstitutionRules;
  options: ServiceOptions;
  /** Gives every job and execution its place in the order of making. */
  nextSequence: number;
  /** Everything that happens by itself: time-outs of executions, the clockwork of jobs. */
  readonly due: DueQueue<Execution | Job>;
  /** Executions that were made, changed or deleted since somebody last emptied it. */
  readonly changed: Set<Execution>;
  /** What is to be told and settled at the end of the operation under way; empty between operations. */
  readonly unsettled: Unsettled;
}

export interface Unsettled {
  /** Whose pending list may have changed. */
  readonly things: Set<Thing>;
  /** Jobs that may have to be aborted, retried or completed. */
  readonly jobs: Set<Job>;
  readonly ended: Execution[];
  readonly events: Notification[];
}

/** A message of the service's own, ready to be sent. */
export interface Notification {
  /** Whose `notify` or `notify-next` it is; absent in events, which are no thing's. */
  readonly thingName?: string;
  readonly topic: string;
  readonly message: JsonObject;
}

/** How a state treats documents; both have a default. */
export type DocumentSettings = Partial<Pick<JobsState, 'presign' | 'substitutionRules'>>;

/** What a state begins with; everything has a default. */
export type StateSettings = DocumentSettings & Partial<Pick<JobsState, 'options'>>;

export function emptyJobsState(settings: StateSettings = {}): JobsState {
  return {
    things: new Map(),
    jobs: new Map(),
    registry: emptyRegistry(),
    packages: emptyPackageCatalog(),
    presign: settings.presign ?? presignNothing,
    substitutionRules: settings.substitutionRules ?? DEFAULT_SUBSTITUTION_RULES,
    options: settings.options ?? DEFAULT_SERVICE_OPTIONS,
    nextSequence: 1,
    due: new DueQueue(),
    changed: new Set(),
    unsettled: { things: new Set(), jobs: new Set(), ended: [], events: [] },
  };
}

/** Makes the thing known; a thing that is known already stays as it is. */
export function registerThing(state: JobsState, thingName: string): Thing {
  const known = state.things.get(thingName);
  if (known) return known;
  const thing: Thing = {
    thingName,
    thingArn: thingArn(thingName),
    executions: new Map(),
    inProgress: [],
    queued: [],
    windowedQueued: 0,
    pendingRevision: 0,
    announced: { revision: 0, head: undefined },
    installedPackages: new Map(),
  };
  state.things.set(thingName, thing);
  return thing;
}

export function thingArn(thingName: string): string {
  return `arn:aws:iot:${REGION}:${ACCOUNT_ID}:thing/${thingName}`;
}

export function jobArn(jobId: string): string {
  return `arn:aws:iot:${REGION}:${ACCOUNT_ID}:job/${jobId}`;
}

/** The execution with that number, or the latest one when no number is given. */
export function findExecution(
  thing: Thing | undefined,
  jobId: string,
  executionNumber: number | undefined,
): Execution | undefined {
  const executions = thing?.executions.get(jobId);
  if (executionNumber === undefined) return executions?.at(-1);
  return executions?.find((execution) => execution.executionNumber === executionNumber);
}

/** How many retries came before this execution. */
export function retryAttempt({ retries }: Execution | PendingRetry): number {
  return retries === null ? 0 : retries.FAILED + retries.TIMED_OUT;
}
