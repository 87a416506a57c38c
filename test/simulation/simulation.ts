/** World after world of one seed, each judged, until there were enough executions. */
import { CHECKS, type CheckName, type Violation } from './check.ts';
import { chronicleOf, type ExecutionLife, isDurable } from './chronicle.ts';
import type { HistoryEntry } from './history.ts';
import { judge } from './judge.ts';
import { runWorld } from './world.ts';

export interface SimulationReport {
  readonly worlds: number;
  readonly executions: number;
  readonly runs: number;
  /** Of rollbacks and of what always runs, by what they are; and those that were interrupted. */
  readonly endingRuns: ReadonlyMap<string, number>;
  /** Starts of the agent's process beyond the first of each world. */
  readonly restarts: number;
  readonly simulatedMs: number;
  /** What was done to the worlds, by name. */
  readonly faults: ReadonlyMap<string, number>;
  /** How the executions ended, and by whom. */
  readonly endings: ReadonlyMap<string, number>;
  readonly violations: Readonly<Record<CheckName, number>>;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly executions: number;
  /** Told of each world in which something was wrong. */
  readonly onViolations?: (world: number, violations: readonly Violation[], history: readonly HistoryEntry[]) => void;
}

export async function simulate({ seed, executions, onViolations }: SimulationOptions): Promise<SimulationReport> {
  const report = {
    worlds: 0,
    executions: 0,
    runs: 0,
    restarts: 0,
    simulatedMs: 0,
    faults: new Map<string, number>(),
    endings: new Map<string, number>(),
    endingRuns: new Map<string, number>(),
    violations: noViolations(),
  };
  while (report.executions < executions) {
    const history = await runWorld({ seed, world: report.worlds });
    const violations = judge(history);
    for (const { check } of violations) report.violations[check] += 1;
    if (violations.length > 0) onViolations?.(report.worlds, violations, history);
    report.worlds += 1;
    report.restarts -= 1;
    report.simulatedMs += history.at(-1)?.atMs ?? 0;
    for (const entry of history) count(report, entry);
    for (const execution of chronicleOf(history).executions) countEnding(report, execution);
  }
  return report;
}

type Counted = { -readonly [Name in keyof SimulationReport]: SimulationReport[Name] } & {
  readonly faults: Map<string, number>;
  readonly endings: Map<string, number>;
  readonly endingRuns: Map<string, number>;
};

function countEnding(report: Counted, { steps, runs, records }: ExecutionLife): void {
  for (const { started, ended } of runs) {
    const { role = 'work' } = steps[started.stepIndex] ?? {};
    if (role === 'work') continue;
    addOne(report.endingRuns, role);
    if (ended?.isHeard !== true) addOne(report.endingRuns, `${role}, interrupted`);
  }
  const written = records.filter(isDurable);
  for (const [at, { life, entry }] of written.entries()) {
    if (!('begins' in entry.body)) continue;
    addOne(report.endingRuns, 'told to go on');
    if (written[at + 1]?.life !== life) addOne(report.endingRuns, 'told to go on, and cut off');
  }
}

function count(report: Counted, entry: HistoryEntry): void {
  switch (entry.what) {
    case 'offered':
      report.executions += 1;
      return;
    case 'started':
      report.runs += 1;
      return;
    case 'process started':
      report.restarts += 1;
      return;
    case 'fault':
      // What was done to one execution is told a second time, with its name.
      if (!entry.name.includes(':')) addOne(report.faults, entry.name);
      return;
    case 'deleted':
      addOne(report.endings, 'deleted');
      return;
    case 'changed':
      if (entry.to !== 'IN_PROGRESS') addOne(report.endings, `${entry.to} by ${entry.by}`);
  }
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function noViolations(): Record<CheckName, number> {
  return Object.fromEntries(Object.keys(CHECKS).map((check) => [check, 0])) as Record<CheckName, number>;
}
