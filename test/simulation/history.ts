/**
 * What happened in a world, in its order: the agent's journal, the runs of handlers, the service's log, and what the
 * world did to them. Plain values, and nothing else is judged.
 */
import type { JobExecutionStatus, StatusDetails } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import type { RebootHow, RunResult } from '../../agent/core/outcome.ts';
import type { JournalEntry } from '../../agent/ports/journal.ts';
import type { AnyRun } from '../../agent/runs/step-runner.ts';
import type { JobScript } from './job-script.ts';
import type { WorldSettings } from './world-settings.ts';

export type HistoryEntry = Fact & { readonly atMs: number };

export type Fact =
  | { readonly what: 'world'; readonly settings: WorldSettings }
  | ServiceFact
  | MessageFact
  | JournalFact
  | RunFact
  | ProcessFact
  | LinkFact
  /** Something was done to the world. */
  | { readonly what: 'fault'; readonly name: string }
  /** From here on nothing goes wrong any more. `boundMs`: how long what is left may take. */
  | { readonly what: 'healed'; readonly boundMs: number }
  | SettledFact;

/** Who changed an execution: our agent, an operator, the service's timer, or another client of the same thing. */
export type Author = 'agent' | 'operator' | 'timer' | 'other';

export type ServiceFact =
  | {
      readonly what: 'offered';
      readonly id: string;
      readonly jobId: string;
      readonly executionNumber: number;
      readonly script: JobScript;
    }
  | {
      readonly what: 'changed';
      readonly id: string;
      readonly from: JobExecutionStatus;
      readonly to: JobExecutionStatus;
      readonly versionNumber: number;
      readonly by: Author;
      readonly details: StatusDetails;
    }
  | { readonly what: 'deleted'; readonly id: string };

export type MessageFact =
  /** Published by the agent. */
  | {
      readonly what: 'asked';
      readonly life: number;
      readonly topic: string;
      readonly body: JsonObject;
    }
  /** Taken by the service, and what it did about it. */
  | { readonly what: 'served'; readonly topic: string; readonly token: string; readonly answer: string }
  /** Handed to the agent. */
  | { readonly what: 'heard'; readonly life: number; readonly topic: string; readonly payload: string };

export type JournalFact =
  | {
      readonly what: 'opened';
      readonly life: number;
      readonly journalId: string;
      readonly status: 'created' | 'read' | 'lost';
      readonly entries: readonly JournalEntry[];
    }
  /**
   * `asked`: handed over. `synced`: on the disk, and the agent was told. `failed`: the agent was told so, whatever is on
   * the disk. `unheard`: on the disk, and the agent was gone.
   */
  | {
      readonly what: 'record';
      readonly life: number;
      readonly journalId: string;
      readonly state: 'asked' | 'synced' | 'failed' | 'unheard';
      readonly entry: JournalEntry;
    };

export type RunFact =
  | {
      readonly what: 'started';
      readonly life: number;
      readonly id: string;
      readonly runId: string;
      readonly stepIndex: number;
      readonly attempt: number;
      readonly purpose: AnyRun['purpose'];
    }
  | { readonly what: 'stopped'; readonly id: string; readonly runId: string; readonly reason: string }
  | {
      readonly what: 'ended';
      readonly id: string;
      readonly runId: string;
      readonly stepIndex: number;
      readonly status: RunResult['status'];
      /** Whether the agent that started it lived to hear of it. */
      readonly isHeard: boolean;
      /** By itself, because it was told to stop, or with its machine. */
      readonly how: 'itself' | 'stopped' | 'killed' | 'leftover' | 'power';
    }
  | { readonly what: 'cleaned'; readonly id: string; readonly isDone: boolean };

export type ProcessFact =
  | { readonly what: 'process started'; readonly life: number; readonly boot: number }
  | { readonly what: 'process ended'; readonly life: number; readonly how: ProcessEnd; readonly timersLeft: number }
  /** The agent asked for a restart of the machine, or its power-off. */
  | { readonly what: 'restart asked'; readonly how: RebootHow; readonly life: number; readonly runsAlive: number }
  /** The agent says of itself that it cannot work. */
  | { readonly what: 'ill'; readonly life: number; readonly illness: string }
  | { readonly what: 'log'; readonly life: number; readonly line: string };

/** `exit 74`: no journal. `refused`: it did not start, for another reason. */
export type ProcessEnd =
  | 'stopped'
  | 'killed'
  | 'power'
  | 'watchdog'
  | 'timed out'
  | 'exit 74'
  | 'refused'
  | 'faulty stop';

export type LinkFact =
  | { readonly what: 'connecting'; readonly life: number }
  | { readonly what: 'connected'; readonly life: number }
  | { readonly what: 'closed'; readonly life: number; readonly code: string };

/** When all is over, or when the time for it is. */
export interface SettledFact {
  readonly what: 'settled';
  readonly isConnected: boolean;
  readonly illness: string | null;
  /** Executions the agent has not closed. */
  readonly open: readonly string[];
  readonly runsAlive: readonly string[];
  readonly folders: readonly string[];
}

export interface History {
  readonly entries: readonly HistoryEntry[];
  note(fact: Fact): void;
}

export function createHistory(nowMs: () => number): History {
  const entries: HistoryEntry[] = [];
  return {
    entries,
    note(fact) {
      entries.push({ atMs: nowMs(), ...fact });
    },
  };
}
