/**
 * What is known of executions only while this process lives: their documents, already parsed. Neither the core's state nor
 * the journal holds a document; it may carry secrets, and the service gives it again.
 */
import { type ExecutionId, executionId, type JobExecution } from '../core/job-execution.ts';
import type { JobPlan } from '../core/job-plan.ts';

export interface KnownExecution {
  readonly execution: JobExecution;
  readonly plan: JobPlan;
}

export interface KnownExecutions {
  remember(known: KnownExecution): void;
  get(id: ExecutionId): KnownExecution | undefined;
  forget(id: ExecutionId): void;
}

/** An answer the core has no use for leaves its document behind: of those only a few are kept (I8). */
const MAX_IDLE = 16;

/** @param isOpen whether the core has an execution that is not over. */
export function createKnownExecutions(isOpen: (id: ExecutionId) => boolean): KnownExecutions {
  const known = new Map<ExecutionId, KnownExecution>();
  return {
    remember(one) {
      const id = executionId(one.execution);
      known.delete(id); // so that it counts as the newest
      known.set(id, one);
      const idle = [...known.keys()].filter((id) => !isOpen(id));
      for (const oldest of idle.slice(0, -MAX_IDLE)) known.delete(oldest);
    },
    get: (id) => known.get(id),
    forget: (id) => void known.delete(id),
  };
}
