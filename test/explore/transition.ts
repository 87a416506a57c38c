/** What goes from one world to the next. */
import type { Violation } from './violation.ts';
import type { Message, World } from './world.ts';

export interface Transition {
  readonly label: string;
  /**
   * When nothing goes wrong and no operator does anything, the lowest of these happens first: so every world comes to
   * rest, or it never will. `null`: it may happen, and need not.
   */
  readonly rank: number | null;
  /** The end of a run that was not asked to stop; a handler that hangs never comes here. */
  readonly endsByItself: boolean;
  readonly to: World | Violation;
}

export type Add = (label: string, make: () => World, options?: { rank?: number; endsByItself?: boolean }) => void;

/** What is bound to happen, in the order in which it does. */
export const RANK = {
  start: 0,
  unanswered: 1,
  connect: 2,
  serve: 3,
  answer: 4,
  runEnds: 5,
  reboot: 6,
  timer: 7,
  exit: 8,
  poll: 9,
} as const;

export function without(network: readonly Message[], message: Message): readonly Message[] {
  return network.filter((one) => one !== message);
}

export function replaced(network: readonly Message[], message: Message, by: Message): readonly Message[] {
  return network.map((one) => (one === message ? by : one));
}

/** A request that nobody waits for any more; what only reads may be late as it likes. */
export function canLandLate({ requestId, request, answer }: Message): boolean {
  const isRead = request.operation === 'DescribeJobExecution' || request.operation === 'GetPendingJobExecutions';
  return requestId !== null && answer === null && !isRead;
}

export function nameOfRequest({ request }: Message): string {
  if (request.operation === 'DescribeJobExecution') return `Describe ${request.jobId}`;
  if (request.operation !== 'UpdateJobExecution') return request.operation;
  return `Update ${request.jobId} to ${request.status} at version ${request.expectedVersion}`;
}
