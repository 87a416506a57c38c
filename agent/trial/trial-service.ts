/**
 * The Jobs service for one execution, in memory: it hands it out, keeps what it is told, and can be told to cancel it. What
 * the agent asks and how it is answered is as the Developer Guide has it
 * (https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html); there is no wire between.
 */
import {
  type ExecutionKey,
  isTerminal,
  type JobExecution,
  type JobExecutionStatus,
  type StatusDetails,
} from '../core/job-execution.ts';
import type { AcceptedAnswer, JobsRequest, RejectedAnswer, UpdateJobExecution } from '../core/jobs-request.ts';
import type { JsonValue } from '../core/json.ts';

export type ServiceAnswer =
  | { readonly kind: 'accepted'; readonly answer: AcceptedAnswer }
  | { readonly kind: 'rejected'; readonly rejection: RejectedAnswer };

export interface TrialService {
  answer(request: JobsRequest): ServiceAnswer;
  /** As an operator cancels a job, by force. */
  cancel(): void;
  execution(): JobExecution;
}

export interface TrialServiceOptions {
  readonly key: ExecutionKey;
  readonly jobDocument: JsonValue;
  /** Called with each update that was accepted. */
  readonly onUpdate: (status: JobExecutionStatus, statusDetails: StatusDetails) => void;
}

export function createTrialService({ key, jobDocument, onUpdate }: TrialServiceOptions): TrialService {
  let execution: JobExecution = {
    ...key,
    status: 'QUEUED',
    statusDetails: {},
    versionNumber: 1,
    lastUpdatedAt: key.queuedAt,
    jobDocument,
  };

  function set(status: JobExecutionStatus, statusDetails: StatusDetails = execution.statusDetails): void {
    execution = { ...execution, status, statusDetails, versionNumber: execution.versionNumber + 1 };
    onUpdate(status, statusDetails);
  }

  function startNext(details: StatusDetails | undefined): ServiceAnswer {
    if (execution.status === 'QUEUED') set('IN_PROGRESS', details);
    const next = isTerminal(execution.status) ? null : execution;
    return accept({ operation: 'StartNextPendingJobExecution', execution: next });
  }

  function update({ expectedVersion, status, statusDetails, ...request }: UpdateJobExecution): ServiceAnswer {
    const { status: current, statusDetails: stored, versionNumber } = execution;
    const executionState = { status: current, statusDetails: stored, versionNumber };
    if (!isSame(request)) return reject('ResourceNotFound');
    if (isTerminal(current)) return reject('InvalidStateTransition', { executionState });
    if (expectedVersion !== versionNumber) return reject('VersionMismatch', { executionState });
    set(status, statusDetails);
    return accept({ operation: 'UpdateJobExecution' });
  }

  function isSame({ jobId, executionNumber = key.executionNumber }: Partial<ExecutionKey>): boolean {
    return jobId === key.jobId && executionNumber === key.executionNumber;
  }

  return {
    execution: () => execution,
    cancel() {
      if (!isTerminal(execution.status)) set('CANCELED');
    },
    answer(request) {
      switch (request.operation) {
        case 'StartNextPendingJobExecution':
          return startNext(request.statusDetails);
        case 'DescribeJobExecution':
          return isSame(request) ? accept({ operation: request.operation, execution }) : reject('ResourceNotFound');
        case 'UpdateJobExecution':
          return update(request);
        case 'GetPendingJobExecutions': {
          const inProgressJobs = execution.status === 'IN_PROGRESS' ? [execution] : [];
          const queuedJobs = execution.status === 'QUEUED' ? [execution] : [];
          return accept({ operation: request.operation, inProgressJobs, queuedJobs });
        }
      }
    },
  };
}

function accept(answer: AcceptedAnswer): ServiceAnswer {
  return { kind: 'accepted', answer };
}

function reject(code: RejectedAnswer['code'], more: Partial<RejectedAnswer> = {}): ServiceAnswer {
  return { kind: 'rejected', rejection: { code, message: code, ...more } };
}
