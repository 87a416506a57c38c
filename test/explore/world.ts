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
import type { RunResult } from '../../agent/core/outcome.ts';
import type { AgentState, CoreSettings, ReviewedStep, RunPurpose } from '../../agent/core/state.ts';
import { type Executions, type SimulatedAnswer, withJob } from '../fixtures/service-rules.ts';

/** What is explored. */
export interface Scenario {
  readonly name: string;
  readonly settings: CoreSettings;
  /** The steps of each job; the first is queued from the beginning, the others come when they come. */
  readonly jobs: readonly (readonly ReviewedStep[])[];
  /** The time limit of each job; `null` for none. */
  readonly limitSeconds: number | null;
  /** What may go wrong. */
  readonly misfortunes: Misfortunes;
  /** The core, or one with a fault in it. */
  readonly decide: typeof decide;
}

/** How often each may happen in one walk, and how many of all together. */
export interface Misfortunes extends Bounded {
  readonly all: number;
  /** A request or its answer does not arrive, or the connection ends. */
  readonly losses: number;
  /** A request that was given up arrives at the service all the same, at any time later. */
  readonly late: number;
  /** The service gets a request twice, or the agent an answer. */
  readonly doubles: number;
  /** RequestThrottled, InternalError, InvalidRequest. */
  readonly refusals: number;
  /** The agent process ends without warning, or power is lost. */
  readonly crashes: number;
  /** Power is lost, and the disk has not kept the last one or two records, though it said so. */
  readonly lies: number;
  /** The machine cannot be restarted, or does not restart. */
  readonly rebootFailures: number;
  /** The service ends an execution: cancelled by force, deleted, timed out. */
  readonly serviceEnds: number;
  /** A record cannot be written. */
  readonly journalFailures: number;
  /** The journal is gone at a start. */
  readonly journalLosses: number;
  readonly shutdowns: number;
}

/** Not misfortunes, but bounded, so that every walk is. */
export interface Bounded {
  /** A handler tells how far it is. */
  readonly progress: number;
  /** A handler asks to be tried later. */
  readonly laters: number;
  /** A handler asks for a restart of the machine. */
  readonly reboots: number;
  /** A handler asks for the machine to be powered off. */
  readonly powerOffs: number;
  /** The service is told that a handler lives. */
  readonly heartbeats: number;
  /** The time limit of a job is over as the agent counts. */
  readonly limits: number;
  /** Where every description is followed by an update, the version grows with every poll. */
  readonly polls: number;
  /** A notification is delivered. */
  readonly hints: number;
}

/** Of each, as by its name. */
const BOUNDED: Readonly<Record<keyof Bounded, true>> = {
  progress: true,
  laters: true,
  reboots: true,
  powerOffs: true,
  heartbeats: true,
  limits: true,
  polls: true,
  hints: true,
};

export type Misfortune = keyof Misfortunes;

export interface World {
  /** `null` while the agent does not run. */
  readonly agent: AgentState | null;
  readonly machine: Machine;
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

export interface Machine {
  /** Counts from 1. */
  readonly boot: number;
  /**
   * A restart was asked for: `asked` by the agent that runs; `abandoned` when that one has ended since, or has given up
   * waiting for it. It may come all the same.
   */
  readonly reboot: 'none' | 'asked' | 'abandoned';
  /** The disk has lost records that it said it had. */
  readonly hasLied: boolean;
}

export interface Disk {
  readonly journalId: string;
  /** The last of each execution, oldest execution first. */
  readonly records: readonly ExecutionRecord[];
  /** What the last two records replaced, newest first; kept only where the disk may lie yet. */
  readonly replaced: readonly ReplacedRecord[];
}

export interface ReplacedRecord {
  readonly id: ExecutionId;
  /** `null`: there was none. */
  readonly record: ExecutionRecord | null;
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
  readonly purpose: RunPurpose['kind'];
  readonly isStopped: boolean;
}

export type Past = Readonly<Record<ExecutionId, ExecutionPast>>;

export interface ExecutionPast {
  /** Steps of which the disk has known that they begin, which is as good as a run of them (I2). */
  readonly written: readonly number[];
  /** Every run there ever was, in their order. */
  readonly runs: readonly PastRun[];
  /** The agent heard that it is IN_PROGRESS. */
  readonly isConfirmed: boolean;
  /** The highest version that the agent of this start knows. */
  readonly heardVersion: number;
  /** The service told the agent of this start that it is over. */
  readonly isOver: boolean;
}

export interface PastRun extends Pick<LiveRun, 'runId' | 'stepIndex' | 'purpose'> {
  /** In which it ran. */
  readonly boot: number;
  /** What the agent heard of its end; of one that was stopped only what it asked for counts. `null`: nothing yet. */
  readonly end: RunEnd | null;
}

/** How a run ends; a power-off is not a restart. `stopped`: for another reason than a time limit of its own. */
export type RunEnd = RunResult['status'] | 'power-off' | 'stopped';

export const NO_PAST: ExecutionPast = {
  written: [],
  runs: [],
  isConfirmed: false,
  heardVersion: 0,
  isOver: false,
};

export const FIRST_JOURNAL = 'first-01';
export const SECOND_JOURNAL = 'second-2';

export function firstWorld(scenario: Scenario): World {
  return {
    agent: null,
    machine: { boot: 1, reboot: 'none', hasLied: false },
    disk: { journalId: FIRST_JOURNAL, records: [], replaced: [] },
    cloud: withNextJob([], scenario),
    network: [],
    announced: [],
    runs: [],
    timers: [],
    past: {},
    left: scenario.misfortunes,
  };
}

/** The next job of the scenario, queued; the same executions if there is none left. */
export function withNextJob(cloud: Executions, { jobs, limitSeconds }: Scenario): Executions {
  const steps = jobs[cloud.length];
  if (steps === undefined) return cloud;
  const verdict = { kind: 'run', plan: { includeStdOut: false, steps } } as const;
  return withJob(cloud, { jobId: `job-${cloud.length + 1}`, verdict, limitSeconds });
}

/** One of that kind less to come; `null` when there are none left. */
export function spend(left: Misfortunes, kind: Misfortune): Misfortunes | null {
  if (left[kind] === 0) return null;
  const spent = { ...left, [kind]: left[kind] - 1 };
  if (kind in BOUNDED) return spent;
  return left.all === 0 ? null : { ...spent, all: left.all - 1 };
}

/** As the core is told. */
export function bootIdOf({ boot }: Machine): string {
  return `boot-${boot}`;
}
