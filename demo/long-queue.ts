/** Notices a job that nobody takes. */
import type { JobExecution } from '@aws-sdk/client-iot';

/** An agent that is connected and idle takes a job within a second. */
const PATIENCE_MS = 10_000;

/** @returns what is called with each look at the job; calls back once, when it has been QUEUED for 10 s of looking. */
export function noticeLongQueue(
  notice: () => void,
  nowMs: () => number = () => performance.now(),
): (jobId: string, execution: JobExecution) => Promise<void> {
  let sinceMs: number | undefined;
  let isNoticed = false;
  return async (_, { status }) => {
    if (status !== 'QUEUED') return;
    sinceMs ??= nowMs();
    if (isNoticed || nowMs() - sinceMs < PATIENCE_MS) return;
    isNoticed = true;
    notice();
  };
}
