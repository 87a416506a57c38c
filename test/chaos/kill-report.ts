/** What is counted while the agents of one broker are killed. */
import type { KillMoment } from './gateway.ts';
import type { CallKind } from './system-calls.ts';
import type { Violation, ViolationKind } from './violation.ts';

export interface KillReport extends KillFacts {
  executions: number;
  /** @param isAtPoint false when everything was over before the point was reached. */
  killed(how: KillMoment, isAtPoint: boolean): void;
  kills(): number;
  /** Of a kind of call, or of `BY_CHANCE` or `IDLE`. */
  killsOf(name: string): number;
  /** At how many different points of a kind. */
  pointsOf(name: string): number;
  countOf(kind: ViolationKind): number;
}

export interface KillFacts {
  /** How many points of each kind there are. */
  readonly reach: ReadonlyMap<CallKind, number>;
  readonly violations: readonly Violation[];
  /** Each start that was left alone: how long until every job was over. */
  readonly settleTimesMs: readonly number[];
  /** What went wrong in the cloud, by name. */
  readonly faults: ReadonlyMap<string, number>;
}

export const IDLE = 'when all jobs were over';
export const BY_CHANCE = 'moment of chance';

export function createKillReport(facts: KillFacts): KillReport {
  const kills = new Map<string, number>();
  const points = new Map<string, Set<number>>();
  return {
    ...facts,
    executions: 0,
    kills: () => [...kills.values()].reduce((sum, count) => sum + count, 0),
    killsOf: (name) => kills.get(name) ?? 0,
    pointsOf: (name) => points.get(name)?.size ?? 0,
    countOf: (kind) => facts.violations.filter((violation) => violation.kind === kind).length,
    killed(how, isAtPoint) {
      const wanted = 'killPoint' in how ? how.killPoint.kind.name : BY_CHANCE;
      const name = isAtPoint ? wanted : IDLE;
      kills.set(name, (kills.get(name) ?? 0) + 1);
      if (!isAtPoint || !('killPoint' in how)) return;
      points.set(name, (points.get(name) ?? new Set()).add(how.killPoint.nth));
    },
  };
}

/** Kinds of call that matter and were never killed at: then the run proves nothing of them. */
export function unmetKinds(report: KillReport): readonly string[] {
  return [...report.reach]
    .filter(([{ matters, name }]) => matters && report.killsOf(name) === 0)
    .map(([{ name }]) => name);
}
