/**
 * Everything there is at one moment of an exploration, as plain values that never change: the agent and its disk, the
 * service, the network between them, the machine, and what may still go wrong. Two worlds that read the same are the
 * same world.
 */
import type { decide } from '../../agent/core/decide.ts';
import type { TimerName } from '../../agent/core/effect.ts';
import type { ExecutionRecord } from '../../agent/core/execution-record.ts';
import type { ExecutionId } from '../../agent/core/job-execution.ts';
import type { JobsNotification, JobsRequest } from '../../agent/core/jobs-request.ts';
import type { AgentState, CoreSettings, ReviewedStep } from '../../agent/core/state.ts';
import { type Executions, type SimulatedAnswer, withJob } from '../fixtures/service-rules.ts';

/** What is explored. */
export interface Scenario {
  readonly name: string;
  readonly settings: CoreSettings;
  /** The steps of each job; the first is queued from the beginning, the others come when they come. */
  readonly jobs: readonly (readonly ReviewedStep[])[];
  /** What may go wrong. */
  readonly misfortunes: Misfortunes;
  /** The core, or one with a fault in it. */
  readonly decide: typeof decide;
}

/** How often each may happen in one walk, and how many of all together. */
export interface Misfortunes {
  readonly all: number;
  /** A request or its answer does not arrive, or the connection ends. */
  readonly losses: number;
  /** A request that was given up arrives at the service all the same, at any time later. */
  readonly late: number;
  /** The service gets a request twice, or the agent an answer. */
  readonly doubles: number;
  /** RequestThrottled, InternalError, InvalidRequest. */
  readonly refusals: number;
  /** The agent process ends without warning, or power does. */
  readonly crashes: number;
  /** The service ends an execution: cancelled by force, deleted, timed out. */
  readonly serviceEnds: number;
  /** A record cannot be written. */
  readonly journalFailures: number;
  /** The journal is gone at a start. */
  readonly journalLosses: number;
  readonly shutdowns: number;
  /** Not a misfortune, but bounded: a handler tells how far it is. */
  readonly progress: number;
}

export type Misfortune = keyof Misfortunes;

export interface World {
  /** `null` while the agent does not run. */
  readonly agent: AgentState | null;
  readonly disk: Disk;
  readonly cloud: Executions;
  /** In the order they were sent. */
  readonly network: readonly Message[];
  /** What was published and not delivered yet: the last of each topic. */
  readonly announced: readonly JobsNotification[];
  readonly runs: readonly LiveRun[];
  readonly timers: readonly TimerName[];
  /** What the invariants remember. */
  readonly past: Past;
  readonly left: Misfortunes;
}

export interface Disk {
  readonly journalId: string;
  /** The last of each execution, oldest execution first. */
  readonly records: readonly ExecutionRecord[];
}

export interface Message {
  /** `null`: nobody waits for the answer any more. */
  readonly requestId: number | null;
  readonly request: JobsRequest;
  /** Once the service has seen it. */
  readonly answer: SimulatedAnswer | null;
}

/** A process of a handler. It may outlive the agent, until the next start ends it. */
export interface LiveRun {
  readonly id: ExecutionId;
  readonly runId: string;
  readonly stepIndex: number;
  readonly isStopped: boolean;
}

export type Past = Readonly<Record<ExecutionId, ExecutionPast>>;

export interface ExecutionPast {
  /** Every run there ever was. */
  readonly runs: readonly Pick<LiveRun, 'runId' | 'stepIndex'>[];
  /** The agent heard that it is IN_PROGRESS. */
  readonly isConfirmed: boolean;
  /** The highest version that the agent of this start knows. */
  readonly heardVersion: number;
  /** The service told the agent of this start that it is over. */
  readonly isOver: boolean;
  /** The last step ended well, and the agent heard of it. */
  readonly hasSucceeded: boolean;
}

export const NO_PAST: ExecutionPast = {
  runs: [],
  isConfirmed: false,
  heardVersion: 0,
  isOver: false,
  hasSucceeded: false,
};

export const FIRST_JOURNAL = 'first-01';
export const SECOND_JOURNAL = 'second-2';

export function firstWorld({ jobs, misfortunes }: Scenario): World {
  return {
    agent: null,
    disk: { journalId: FIRST_JOURNAL, records: [] },
    cloud: withNextJob([], jobs),
    network: [],
    announced: [],
    runs: [],
    timers: [],
    past: {},
    left: misfortunes,
  };
}

/** The next job of the scenario, queued; the same executions if there is none left. */
export function withNextJob(cloud: Executions, jobs: Scenario['jobs']): Executions {
  const steps = jobs[cloud.length];
  if (steps === undefined) return cloud;
  return withJob(cloud, `job-${cloud.length + 1}`, { kind: 'run', plan: { includeStdOut: false, steps } });
}

/** One misfortune less to come; `null` when there are none of that kind left. */
export function spend(left: Misfortunes, kind: Misfortune): Misfortunes | null {
  if (left[kind] === 0) return null;
  if (kind === 'progress') return { ...left, progress: left.progress - 1 };
  return left.all === 0 ? null : { ...left, all: left.all - 1, [kind]: left[kind] - 1 };
}
