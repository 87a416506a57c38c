/** What the agent says of itself: to the local API, to `job-agent status`, and to `systemctl status`. */
import type { ExecutionId } from '../core/job-execution.ts';
import { REBOOTS, stepLabel } from '../core/outcomes.ts';
import type {
  AgentState,
  AwaitingRebootPhase,
  ExecutionState,
  Phase,
  WaitingPhase,
  WaitingReason,
} from '../core/state.ts';
import { reasonWithoutTime } from '../core/waiting.ts';
import type { Clock } from '../ports/clock.ts';
import { newlyFinished } from './change-log.ts';
import type { ConnectionStatus } from './connection-keeper.ts';

export interface AgentStatus {
  readonly connection: ConnectionStatus;
  /** False once the journal has failed: then nothing new is started. */
  readonly journalUsable: boolean;
  readonly shuttingDown: boolean;
  readonly uptimeSeconds: number;
  readonly executions: readonly ExecutionStatus[];
  /** The newest first, at most 20, of this process's life. */
  readonly recent: readonly RecentExecution[];
  /** Since the start of the process. `ended-by-service` counts cancelled, removed, timed-out and deleted ones. */
  readonly counts: Readonly<Record<'SUCCEEDED' | 'FAILED' | 'REJECTED' | 'ended-by-service', number>>;
  /** Messages that were ignored, by reason. */
  readonly ignoredMessages: Readonly<Record<string, number>>;
}

export interface ExecutionStatus {
  readonly jobId: string;
  readonly executionNumber: number;
  readonly phase: string;
  /** Such as "2/3 verify"; absent before the first step and after the last. */
  readonly step?: string;
  /** Why a waiting execution waits, for the operator. */
  readonly waiting?: string;
  /** Until the time that it waits for is over, rounded up; absent where there is none. */
  readonly dueInSeconds?: number;
  readonly details: Readonly<Record<string, string>>;
}

export interface RecentExecution {
  readonly jobId: string;
  readonly executionNumber: number;
  /** What was reported; `null` when the service ended it. */
  readonly status: string | null;
  readonly reason?: string;
  /** Milliseconds since the epoch by this gateway's clock. */
  readonly closedAtMs: number;
}

export interface StatusKeeper {
  changed(before: AgentState, after: AgentState): void;
  status(state: AgentState, connection: ConnectionStatus, ignored: Readonly<Record<string, number>>): AgentStatus;
}

const MAX_RECENT = 20;

export function createStatusKeeper(clock: Clock): StatusKeeper {
  const startedMs = clock.monotonicMs();
  const counts = { SUCCEEDED: 0, FAILED: 0, REJECTED: 0, 'ended-by-service': 0 };
  let recent: readonly RecentExecution[] = [];
  let waits: Waits = new Map();
  return {
    changed(before, after) {
      waits = waitsAfter(waits, after, clock.monotonicMs());
      for (const { key, outcome } of newlyFinished(before, after)) {
        counts[outcome?.status ?? 'ended-by-service'] += 1;
        const reason = outcome?.statusDetails.reason;
        const closed: RecentExecution = {
          jobId: key.jobId,
          executionNumber: key.executionNumber,
          status: outcome?.status ?? null,
          ...(reason === undefined ? {} : { reason }),
          closedAtMs: clock.wallMs(),
        };
        recent = [closed, ...recent].slice(0, MAX_RECENT);
      }
    },
    status: (state, connection, ignoredMessages) => ({
      connection,
      journalUsable: state.journalUsable,
      shuttingDown: state.shutdown !== null,
      uptimeSeconds: Math.floor((clock.monotonicMs() - startedMs) / 1_000),
      executions: Object.values(state.executions).map((execution) =>
        executionStatus(execution, clock.monotonicMs() - (waits.get(execution.id)?.sinceMs ?? startedMs)),
      ),
      recent,
      counts: { ...counts },
      ignoredMessages,
    }),
  };
}

/** Executions that wait for something, and since when on the monotonic clock. */
type Waits = ReadonlyMap<ExecutionId, { readonly kind: string; readonly sinceMs: number }>;

function waitsAfter(waits: Waits, { executions }: AgentState, nowMs: number): Waits {
  const kinds = Object.values(executions).map(({ id, phase }) => ({ id, kind: kindOfWait(phase) }));
  return new Map(
    kinds.flatMap(({ id, kind }) => {
      if (kind === null) return [];
      const known = waits.get(id);
      return [[id, known?.kind === kind ? known : { kind, sinceMs: nowMs }]];
    }),
  );
}

function kindOfWait(phase: Phase): string | null {
  if (phase.name === 'awaiting-reboot') return phase.requested ? 'requested' : 'to be requested';
  return phase.name === 'waiting' ? `attempt ${phase.attempt}` : null;
}

const WAITS: Readonly<Record<WaitingReason, string>> = {
  interrupted: 'for the service to say that it is still ours',
  postponed: 'to be tried later',
  failed: 'to be tried once more',
  rebooted: 'to go on: the gateway has restarted',
  'put-off': 'to begin',
};

/** @param waitedMs since it began to wait, if it does. */
function executionStatus({ key, phase, details }: ExecutionState, waitedMs: number): ExecutionStatus {
  const { jobId, executionNumber } = key;
  const base = { jobId, executionNumber, phase: phase.name, details };
  if (phase.name === 'awaiting-reboot') return { ...base, waiting: restartAwaited(phase, waitedMs) };
  if (phase.name === 'waiting') return { ...base, ...waitOf(phase, waitedMs) };
  if (!('step' in phase)) return base;
  return { ...base, step: stepLabel(phase) };
}

function restartAwaited({ requested, how }: AwaitingRebootPhase, waitedMs: number): string {
  const { awaited } = REBOOTS[how];
  if (!requested) return `${awaited}, which is asked for when nothing else runs`;
  return `${awaited}, asked ${Math.floor(waitedMs / 1_000)} s ago`;
}

function waitOf(phase: WaitingPhase, waitedMs: number): Pick<ExecutionStatus, 'waiting' | 'dueInSeconds'> {
  const { why, due, waitMs, reason, attempt } = phase;
  if (why !== 'postponed' && why !== 'failed')
    return { waiting: why === 'rebooted' || reason === '' ? WAITS[why] : reason };
  const rest = `(attempt ${attempt + 1}): ${reasonWithoutTime(phase)}`;
  if (due) return { waiting: `to be tried again now that its time is over ${rest}` };
  const dueInSeconds = Math.max(0, Math.ceil((waitMs - waitedMs) / 1_000));
  return { waiting: `to be tried again in about ${dueInSeconds} s ${rest}`, dueInSeconds };
}
