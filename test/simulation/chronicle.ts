/** A history put in order for judging it: what happened to each execution, each process and each journal. */
import { isTerminal } from '../../agent/core/job-execution.ts';
import type { HistoryEntry, SettledFact } from './history.ts';
import { type JobScript, type ListedStep, listSteps } from './job-script.ts';
import type { WorldSettings } from './world-settings.ts';

/** An entry and its place in the history: of two at the same moment, the lower was first. */
export type Placed<What extends HistoryEntry['what'] = HistoryEntry['what']> = Extract<HistoryEntry, { what: What }> & {
  readonly place: number;
};

export interface Chronicle {
  readonly settings: WorldSettings;
  readonly entries: readonly Placed[];
  readonly executions: readonly ExecutionLife[];
  readonly processes: readonly ProcessLife[];
  readonly healed: Placed<'healed'> | undefined;
  readonly settled: (SettledFact & { readonly atMs: number; readonly place: number }) | undefined;
  of<What extends HistoryEntry['what']>(what: What): readonly Placed<What>[];
}

export interface ExecutionLife {
  readonly id: string;
  readonly jobId: string;
  readonly executionNumber: number;
  readonly script: JobScript;
  /** All of them, in the order in which they can come. */
  readonly steps: readonly ListedStep[];
  readonly offered: Placed<'offered'>;
  readonly changes: Placed<'changed'>[];
  /** To a status that cannot change again. */
  readonly endings: Placed<'changed'>[];
  deleted: Placed<'deleted'> | undefined;
  readonly runs: Run[];
  /** All that were handed to a journal, in whatever state. */
  readonly records: Placed<'record'>[];
  readonly cleanings: Placed<'cleaned'>[];
}

export interface Run {
  readonly started: Placed<'started'>;
  stopped: Placed<'stopped'> | undefined;
  ended: Placed<'ended'> | undefined;
}

export interface ProcessLife {
  readonly life: number;
  readonly started: Placed<'process started'>;
  ended: Placed<'process ended'> | undefined;
}

export function chronicleOf(history: readonly HistoryEntry[]): Chronicle {
  const entries = history.map((entry, place): Placed => ({ ...entry, place }));
  const byKind = new Map<string, Placed[]>();
  for (const entry of entries) {
    const same = byKind.get(entry.what);
    if (same === undefined) byKind.set(entry.what, [entry]);
    else same.push(entry);
  }
  const of = <What extends HistoryEntry['what']>(what: What) => (byKind.get(what) ?? []) as unknown as Placed<What>[];
  const [world] = of('world');
  if (world === undefined) throw new Error('a history begins with its world');
  return {
    settings: world.settings,
    entries,
    executions: executionsOf(entries),
    processes: of('process started').map((started) => ({
      life: started.life,
      started,
      ended: of('process ended').find(({ life }) => life === started.life),
    })),
    healed: of('healed')[0],
    settled: of('settled')[0],
    of,
  };
}

/** Whether a record was on the disk when the next thing happened. */
export function isDurable({ state }: Placed<'record'>): boolean {
  return state === 'synced' || state === 'unheard';
}

export function statusAtEnd({ changes }: ExecutionLife) {
  return changes.at(-1)?.to ?? 'QUEUED';
}

/** Its end as the service has it; nothing while it is open, or was deleted open. */
export function endingOf({ endings }: ExecutionLife): Placed<'changed'> | undefined {
  return endings[0];
}

/** When the service had done with it, whoever it was. */
export function overAt({ endings, deleted }: ExecutionLife): Placed | undefined {
  const [ending] = endings;
  if (ending === undefined || deleted === undefined) return ending ?? deleted;
  return ending.place < deleted.place ? ending : deleted;
}

function executionsOf(entries: readonly Placed[]): readonly ExecutionLife[] {
  const lives = new Map<string, ExecutionLife>();
  const runs = new Map<string, Run>();
  for (const entry of entries) {
    if (entry.what === 'offered') lives.set(entry.id, newLife(entry));
    else if (entry.what === 'record') lives.get(entry.entry.id)?.records.push(entry);
    else if ('id' in entry) note(lives.get(entry.id), runs, entry);
  }
  return [...lives.values()];
}

type OfExecution = Placed<'changed' | 'deleted' | 'started' | 'stopped' | 'ended' | 'cleaned'>;

function note(life: ExecutionLife | undefined, runs: Map<string, Run>, entry: OfExecution): void {
  if (life === undefined) return;
  switch (entry.what) {
    case 'changed':
      life.changes.push(entry);
      if (isTerminal(entry.to)) life.endings.push(entry);
      return;
    case 'deleted':
      life.deleted ??= entry;
      return;
    case 'cleaned':
      life.cleanings.push(entry);
      return;
    case 'started': {
      const run: Run = { started: entry, stopped: undefined, ended: undefined };
      life.runs.push(run);
      runs.set(entry.runId, run);
      return;
    }
    default: {
      const run = runs.get(entry.runId);
      if (run === undefined) return;
      if (entry.what === 'stopped') run.stopped ??= entry;
      else run.ended ??= entry;
    }
  }
}

function newLife(offered: Placed<'offered'>): ExecutionLife {
  const { id, jobId, executionNumber, script } = offered;
  const empty = { changes: [], endings: [], deleted: undefined, runs: [], records: [], cleanings: [] };
  return { id, jobId, executionNumber, script, steps: listSteps(script), offered, ...empty };
}
