/** Watches job executions by DescribeJobExecution until all of them are over. */
import { setTimeout as delay } from 'node:timers/promises';
import type { JobExecution } from '@aws-sdk/client-iot';
import type { Board } from './board.ts';
import type { ControlPlane } from './control-plane.ts';

export interface FollowOptions {
  readonly jobIds: readonly string[];
  readonly control: ControlPlane;
  readonly board: Board;
  /** Called with each look at an execution that is not over. */
  readonly onOpen?: (jobId: string, execution: JobExecution) => Promise<void>;
  readonly limitMs?: number;
  /** Gives up; what it was aborted for is thrown. */
  readonly signal?: AbortSignal;
}

const LOOK_EVERY_MS = 150;
const DEFAULT_LIMIT_MS = 50_000;

/** @throws Error when not all are over in time, naming those; whatever `control` and `signal` throw. */
export async function followToTheEnd(options: FollowOptions): Promise<ReadonlyMap<string, JobExecution>> {
  const { jobIds, control, board, onOpen, limitMs = DEFAULT_LIMIT_MS, signal } = options;
  const deadlineMs = performance.now() + limitMs;
  const executions = new Map<string, JobExecution>();
  for (;;) {
    for (const jobId of jobIds) {
      if (isOver(executions.get(jobId))) continue;
      const execution = await control.describe(jobId);
      executions.set(jobId, execution);
      if (!isOver(execution)) await onOpen?.(jobId, execution);
    }
    signal?.throwIfAborted();
    board.show(executions);
    const open = jobIds.filter((jobId) => !isOver(executions.get(jobId)));
    if (open.length === 0) return executions;
    if (performance.now() > deadlineMs) throw new Error(`not over after ${limitMs / 1_000} s: ${open.join(', ')}`);
    await delay(LOOK_EVERY_MS);
  }
}

function isOver(execution: JobExecution | undefined): boolean {
  return execution !== undefined && execution.status !== 'QUEUED' && execution.status !== 'IN_PROGRESS';
}
