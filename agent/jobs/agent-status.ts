/** What the agent says of itself: to the local API, to `job-agent status`, and to `systemctl status`. */
import type { AgentState, ExecutionState, WaitingReason } from '../core/state.ts';
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
  return {
    changed(before, after) {
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
      executions: Object.values(state.executions).map(executionStatus),
      recent,
      counts: { ...counts },
      ignoredMessages,
    }),
  };
}

const WAITS: Readonly<Record<WaitingReason, string>> = {
  interrupted: 'for the service to say that it is still ours',
  postponed: 'to be tried later',
  rebooted: 'to be verified after the restart',
  'put-off': 'to begin',
};

function executionStatus({ key, phase, details }: ExecutionState): ExecutionStatus {
  const { jobId, executionNumber } = key;
  const base = { jobId, executionNumber, phase: phase.name, details };
  if (phase.name === 'awaiting-reboot') return { ...base, waiting: 'for the restart of the gateway' };
  if (phase.name === 'waiting') return { ...base, waiting: phase.reason === '' ? WAITS[phase.why] : phase.reason };
  if (!('step' in phase)) return base;
  return { ...base, step: `${phase.stepIndex + 1}/${phase.plan.steps.length} ${phase.step.name}` };
}
