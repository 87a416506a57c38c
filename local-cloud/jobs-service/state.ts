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
import { type PreparedDocument, presignNothing } from '../substitution/prepare-document.ts';

/** Fixed, so that ARNs in tests and documents can be written down. */
export const REGION = 'us-east-1';
export const ACCOUNT_ID = '123456789012';

export interface Execution {
  readonly job: Job;
  readonly thing: Thing;
  readonly executionNumber: number;
  /** Grows with every execution made: the queue's order, because seconds on the wire tie. */
  readonly sequence: number;
  readonly queuedAtMs: number;
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
}

export interface Thing {
  readonly thingName: string;
  readonly thingArn: string;
  /** All executions of each job, oldest first. */
  readonly executions: Map<string, Execution[]>;
  /** QUEUED and IN_PROGRESS, in the order they were queued. */
  readonly pending: Execution[];
  /** Grows whenever something enters or leaves `pending`. */
  pendingRevision: number;
  /** By packageName. On AWS this is the reserved named shadow `$package`; nothing here gives it out. */
  readonly installedPackages: Map<string, InstalledPackage>;
}

export type JobStatus = 'IN_PROGRESS' | 'COMPLETED' | 'CANCELED';

export interface Job extends PreparedDocument {
  readonly jobId: string;
  readonly jobArn: string;
  readonly targets: readonly string[];
  readonly targetSelection: 'SNAPSHOT' | 'CONTINUOUS';
  readonly description: string | undefined;
  /** As the operator wrote it: GetJobDocument gives exactly this back where it has no placeholder. */
  readonly documentText: string;
  readonly document: JsonObject;
  readonly inProgressTimeoutInMinutes: number | undefined;
  readonly createdAtMs: number;
  readonly executions: Execution[];
  status: JobStatus;
  lastUpdatedAtMs: number;
  completedAtMs: number | undefined;
  forceCanceled: boolean;
  comment: string | undefined;
  reasonCode: string | undefined;
}

export interface JobsState {
  readonly things: Map<string, Thing>;
  readonly jobs: Map<string, Job>;
  readonly registry: Registry;
  readonly packages: PackageCatalog;
  /** Signs the URLs of job documents. */
  readonly presign: Presign;
  readonly substitutionRules: SubstitutionRules;
  nextSequence: number;
}

/** A message for the thing's `notify` or `notify-next` topic, ready to be sent. */
export interface Notification {
  readonly thingName: string;
  readonly topic: string;
  readonly message: JsonObject;
}

/** How a state treats documents; both have a default. */
export type DocumentSettings = Partial<Pick<JobsState, 'presign' | 'substitutionRules'>>;

export function emptyJobsState(documents: DocumentSettings = {}): JobsState {
  return {
    things: new Map(),
    jobs: new Map(),
    registry: emptyRegistry(),
    packages: emptyPackageCatalog(),
    presign: documents.presign ?? presignNothing,
    substitutionRules: documents.substitutionRules ?? DEFAULT_SUBSTITUTION_RULES,
    nextSequence: 1,
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
    pending: [],
    pendingRevision: 0,
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

/** The pending list in the service's order: IN_PROGRESS before QUEUED, then the order they were queued. */
export function pendingInOrder(thing: Thing): Execution[] {
  const inProgress = thing.pending.filter((execution) => execution.status === 'IN_PROGRESS');
  const queued = thing.pending.filter((execution) => execution.status === 'QUEUED');
  return [...inProgress, ...queued];
}
