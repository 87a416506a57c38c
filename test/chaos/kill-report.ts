/** What is counted while agents are killed, and the table at the end. */
import type { KillMoment } from './gateway.ts';
import type { CallKind } from './system-calls.ts';
import { VIOLATION_KINDS, type Violation, type ViolationKind } from './violation.ts';

export interface KillReport {
  executions: number;
  readonly violations: readonly Violation[];
  /** @param isAtPoint false when everything was over before the point was reached. */
  killed(how: KillMoment, isAtPoint: boolean): void;
  kills(): number;
  countOf(kind: ViolationKind): number;
  /** For a person. */
  table(): string;
}

const IDLE = 'when all jobs were over';
const BY_CHANCE = 'moment of chance';

/** @param reach how many points of each kind there are. */
export function createKillReport(reach: ReadonlyMap<CallKind, number>, violations: readonly Violation[]): KillReport {
  const kills = new Map<string, number>();
  const points = new Map<string, Set<number>>();
  const countOf = (kind: ViolationKind) => violations.filter((violation) => violation.kind === kind).length;
  const report: KillReport = {
    executions: 0,
    violations,
    countOf,
    kills: () => [...kills.values()].reduce((sum, count) => sum + count, 0),
    killed(how, isAtPoint) {
      const wanted = 'killPoint' in how ? how.killPoint.kind.name : BY_CHANCE;
      const name = isAtPoint ? wanted : IDLE;
      kills.set(name, (kills.get(name) ?? 0) + 1);
      if (!isAtPoint || !('killPoint' in how)) return;
      points.set(name, (points.get(name) ?? new Set()).add(how.killPoint.nth));
    },
    table() {
      const byKind = [...reach]
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => {
          const hit = points.get(kind.name)?.size ?? 0;
          return row(`${kind.name} (${kind.calls.join(', ')})`, kills.get(kind.name) ?? 0, `${hit} of ${count} points`);
        });
      const others = [BY_CHANCE, IDLE].filter((name) => kills.has(name)).map((name) => row(name, kills.get(name) ?? 0));
      return [
        ...byKind,
        ...others,
        row('kills', report.kills()),
        row('executions', report.executions),
        ...VIOLATION_KINDS.map((kind) => row(kind, countOf(kind))),
      ].join('\n');
    },
  };
  return report;
}

function row(name: string, count: number, remark = ''): string {
  return `  ${name.padEnd(46)}${String(count).padStart(7)}   ${remark}`.trimEnd();
}
