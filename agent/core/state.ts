/**
 * Everything the core knows between two events: plain values, so that a state can be compared, printed and explored.
 */
import type { ExecutionId, ExecutionKey, StatusDetails } from './job-execution.ts';
import type { Outcome, RebootHow, StopReason } from './outcome.ts';

export interface AgentState {
  readonly settings: CoreSettings;
  /** Names the journal we write; a claim carries it, so that a later hand-out proves who claimed it. */
  readonly journalId: string;
  /** Names the boot of the machine that we run in; it tells whether a restart that was asked for has happened. */
  readonly bootId: string;
  /** Once the journal has failed nothing new is started and nothing more is written; failures are still told. */
  readonly journalUsable: boolean;
  readonly connected: boolean;
  /** Asked to shut down: nothing new is claimed. */
  readonly shutdown: ShutdownMode | null;
  /** What each unanswered request was for. */
  readonly requests: Readonly<Record<number, RequestPurpose>>;
  readonly nextRequestId: number;
  /** How many times in a row a claim could not be made; waits grow with it. */
  readonly claimRetries: number;
  /** Waiting before the next claim. */
  readonly claimHeld: boolean;
  /**
   * A notification named work we do not have: `unasked` until a claim was sent after it, `asked` until one brought
   * something. The answer to a claim sent before it says nothing about it, and the service may need a moment before it
   * hands out what it has announced.
   */
  readonly offer: 'none' | 'unasked' | 'asked';
  /** The next in the queue has to run alone and others still run: nothing is claimed until none does. */
  readonly exclusiveNext: boolean;
  /** The system was asked to end this boot, which it does even where the execution that wanted it is over by now. */
  readonly rebootRequested: boolean;
  /** Executions that are not over, at most `settings.capacity` of them with a run. */
  readonly executions: Readonly<Record<ExecutionId, ExecutionState>>;
  /** Executions that are over, oldest first, kept to recognise them again. Bounded. */
  readonly finished: readonly FinishedExecution[];
  /** Executions left to another agent of this thing. Bounded. */
  readonly left: readonly ExecutionId[];
}

export interface CoreSettings {
  /** How many executions may run at the same time. */
  readonly capacity: number;
  /** `leave`: a job whose operation nobody here handles stays QUEUED for another agent of this thing. */
  readonly unknownOperation: 'reject' | 'leave';
  /** At most one progress update per execution in this time. */
  readonly progressIntervalMs: number;
  /** How often we ask unprompted: a notification can get lost. */
  readonly pollIntervalMs: number;
  /** How often an interrupted run may be started again before the execution is failed. */
  readonly maxRecoveries: number;
  /** How often a step may ask to be tried later before the execution is failed. */
  readonly maxPostponements: number;
  /** How often in a row a step may ask for a restart of the machine before the execution is failed. */
  readonly maxReboots: number;
  /** How long after a restart was asked for the machine may still be the same boot. */
  readonly rebootLimitMs: number;
  /** How long the clean-up of an interrupted run may take. */
  readonly cleanUpLimitMs: number;
  /**
   * The service ends an execution that it has not heard of for this long, in whole minutes from 1 to 10,080 (Developer
   * Guide, `stepTimeoutInMinutes`); we tell it in time, as long as the handler lives. `null`: it does not.
   */
  readonly stepTimeoutMinutes: number | null;
}

export type ShutdownMode = 'wait' | 'stop';

/** Why a request was made decides what its answer means; see `answer-rules.ts`. */
export type RequestPurpose =
  /** StartNext. `open`: the executions that were not over when it was sent. */
  | { readonly kind: 'claim'; readonly open: readonly ExecutionId[] }
  /** GetPending, to choose what to claim. */
  | { readonly kind: 'list' }
  /** Describe: is it still ours, and which version is it? */
  | { readonly kind: 'check'; readonly id: ExecutionId }
  | UpdatePurpose;

export interface UpdatePurpose {
  /**
   * `take`: to IN_PROGRESS, which claims an execution we chose ourselves. `goOn`: that one which waited is about to run.
   * `report`: the terminal update.
   */
  readonly kind: 'take' | 'goOn' | 'progress' | 'report';
  readonly id: ExecutionId;
  readonly expectedVersion: number;
}

export interface ExecutionState {
  readonly id: ExecutionId;
  readonly key: ExecutionKey;
  /** The highest we have seen; what the next update expects. */
  readonly versionNumber: number;
  /** What the last update that we sent has made of it, if it arrived. */
  readonly toldVersion: number;
  readonly phase: Phase;
  /** What the handlers told so far. */
  readonly details: StatusDetails;
  /** Names of the steps that failed and were to be ignored. */
  readonly ignoredFailures: readonly string[];
  /** Names of the steps whose conditions did not hold. */
  readonly skippedSteps: readonly string[];
  readonly ending: Ending;
  /** There is progress the service has not heard of. */
  readonly progressPending: boolean;
  /** A progress update was sent less than `progressIntervalMs` ago. */
  readonly progressHeld: boolean;
  /** The document's limit for the whole job is being measured: from the first start of a step in this process. */
  readonly isLimited: boolean;
  /** How many times in a row a request about it came to nothing; waits grow with it. */
  readonly retries: number;
  /** How often it was started again after an interruption. */
  readonly recoveries: number;
  /** How often the step in hand asked to be tried later. */
  readonly postponements: number;
  /** How often the step in hand asked for a restart of the machine. */
  readonly reboots: number;
  /** How often the step in hand has failed and was to be run again, as its document says. */
  readonly failures: number;
}

/** What has to be known for rollbacks and what always runs, and what has come of them. A type, so that it counts as JSON. */
export type Ending = {
  /** `owed`: a step has begun, and its plan has such steps. `begun`: the limit of the whole job counts no more. */
  readonly state: 'none' | 'owed' | 'begun';
  /** Indices of the steps that have succeeded and can be rolled back. */
  readonly undoable: readonly number[];
  /** The first failure of the job, told at its end. */
  readonly failure: Outcome | null;
  /** Names of the steps that were rolled back. */
  readonly rolledBack: readonly string[];
  /** Names of those whose rollback failed, each with its reason code. */
  readonly rollbackFailed: readonly string[];
};

export const NO_ENDING: Ending = { state: 'none', undoable: [], failure: null, rolledBack: [], rollbackFailed: [] };

/** A plan that can run here: every step has a handler and parameters that fit. */
export interface ReviewedPlan {
  readonly includeStdOut: boolean;
  /** Limit of all steps of the work together, where the document sets one. */
  readonly timeoutMs?: number;
  readonly steps: readonly ReviewedStep[];
}

export interface ReviewedStep {
  readonly name: string;
  /** `finally`: it always runs in the end. */
  readonly role: 'work' | 'rollback' | 'finally';
  /** Of a rollback: the step that it undoes. */
  readonly undoes: { readonly index: number; readonly name: string } | null;
  readonly onInterrupted: 'fail' | 'rerun' | 'resume';
  /** `null` for no limit. */
  readonly timeoutMs: number | null;
  readonly ignoreFailure: boolean;
  /** How often it is run again when it has failed, and how long after; `null` for never. */
  readonly retries: { readonly count: number; readonly delayMs: number } | null;
  /** It has a condition, which is evaluated before its first run. */
  readonly conditional: boolean;
  /** Runs only when nothing else does. */
  readonly exclusive: boolean;
  /** After a restart of the machine that it asked for, its handler can tell whether it worked. */
  readonly verifies: boolean;
  /** Its handler can clean up after a run that was interrupted. */
  readonly cleansUp: boolean;
}

/** Where we are with an execution, with exactly the facts that phase needs. `closed` is `FinishedExecution`. */
export type Phase = ClaimingPhase | RunningPhase | WaitingPhase | AwaitingRebootPhase | StoppingPhase | ReportingPhase;

/** Chosen by us, still QUEUED in the cloud. The plan is known once the service described the execution. */
export interface ClaimingPhase {
  readonly name: 'claiming';
  readonly plan: ReviewedPlan | null;
}

export interface RunningPhase extends Run {
  readonly name: 'running';
}

/**
 * Being stopped, its whole process tree; the first reason is the true one, but that the service ended it outdoes it, and
 * the limit of the job that of the step.
 */
export interface StoppingPhase extends Run {
  readonly name: 'stopping';
  readonly reason: StopReason;
}

/** Ours, and nothing of it runs. It goes on when it is due, there is room, and the service said that it is still ours. */
export interface WaitingPhase {
  readonly name: 'waiting';
  readonly why: WaitingReason;
  /** For the operator; empty where nothing has to be said. */
  readonly reason: string;
  readonly stepIndex: number;
  /** Of the last start; 0 when there was none. */
  readonly attempt: number;
  readonly next: Resumption;
  /** What there is to wait for; 0 for nothing. */
  readonly waitMs: number;
  /** The time is over. */
  readonly due: boolean;
  /** Found to need to run alone. */
  readonly exclusive: boolean;
  /** Read back from the journal, where it tells: the highest version that the service can have had when it was written. */
  readonly recordedVersion: number | null;
  /** The step that begins once the service has accepted that it goes on: written down before that is told. */
  readonly begins: number | null;
  /** Known while the service is told that it goes on. */
  readonly plan: ReviewedPlan | null;
}

/**
 * - `interrupted`: power or the agent was lost, or the agent was stopped;
 * - `postponed`: the handler asked to be tried later;
 * - `failed`: the step has failed, and its document says that it is run again;
 * - `rebooted`: the machine has restarted, as the handler asked;
 * - `put-off`: claimed or between two steps when the agent had to stop: nothing had begun.
 */
export type WaitingReason = 'interrupted' | 'postponed' | 'failed' | 'rebooted' | 'put-off';

/** The boot of the machine is to end, or does. Nothing else begins until another has begun. */
export interface AwaitingRebootPhase {
  readonly name: 'awaiting-reboot';
  readonly how: RebootHow;
  readonly stepIndex: number;
  readonly attempt: number;
  readonly verifies: boolean;
  /** Of the boot in which it was asked for. */
  readonly bootId: string;
  /** The system was asked; before that what else runs is let end. */
  readonly requested: boolean;
}

/** What a run is for. Not an interface, so that it counts as a JSON object. */
export type RunPurpose =
  | { readonly kind: 'work' }
  /** Before the work begins: is it to be done here? It changes nothing, so it may be asked again. */
  | { readonly kind: 'condition' }
  /** After a restart of the machine: did it work? */
  | { readonly kind: 'verify' }
  /** After an interruption; then the outcome is told, whatever comes of it. */
  | { readonly kind: 'clean-up'; readonly outcome: Outcome };

/** How a waiting execution goes on. */
export type Resumption =
  | RunPurpose
  /** The step is done: the next one, or the end. */
  | { readonly kind: 'pass' }
  | { readonly kind: 'conclude'; readonly outcome: Outcome };

/** One start of the handler of one step. */
export interface Run {
  readonly purpose: RunPurpose;
  readonly plan: ReviewedPlan;
  /** Counts from 0. */
  readonly stepIndex: number;
  /** The step at `stepIndex`. */
  readonly step: ReviewedStep;
  /** Counts from 1, and up: a run id is never used twice. */
  readonly attempt: number;
  readonly runId: string;
}

export interface ReportingPhase {
  readonly name: 'reporting';
  readonly outcome: Outcome;
  /** The service refused the details as malformed: only the status and a plain reason are sent. */
  readonly plain: boolean;
}

export interface FinishedExecution {
  readonly id: ExecutionId;
  readonly key: ExecutionKey;
  /** What we reported; `null` when the service ended it. */
  readonly outcome: Outcome | null;
  readonly how: 'accepted' | 'over';
}

/** How many finished executions are kept to recognise them again. */
export const MAX_FINISHED = 256;
/** How many executions left to others are remembered. */
export const MAX_LEFT = 256;

export interface AgentIdentity {
  readonly journalId: string;
  readonly bootId: string;
}

export function initialState({ journalId, bootId }: AgentIdentity, settings: CoreSettings): AgentState {
  return {
    settings,
    journalId,
    bootId,
    journalUsable: true,
    connected: false,
    shutdown: null,
    requests: {},
    nextRequestId: 1,
    claimRetries: 0,
    claimHeld: false,
    offer: 'none',
    exclusiveNext: false,
    rebootRequested: false,
    executions: {},
    finished: [],
    left: [],
  };
}

/** Nothing runs and nothing waits to be told: the process may end without losing a report it could still make. */
export function isQuiet(state: AgentState): boolean {
  return Object.values(state.executions).every(
    ({ phase }) =>
      phase.name === 'claiming' ||
      phase.name === 'waiting' ||
      phase.name === 'awaiting-reboot' ||
      (phase.name === 'reporting' && !state.connected),
  );
}
