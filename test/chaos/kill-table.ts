/** The table at the end: a column for each broker. */
import { BY_CHANCE, IDLE, type KillReport } from './kill-report.ts';
import { CALL_KINDS } from './system-calls.ts';
import { VIOLATION_KINDS } from './violation.ts';

/** @param reports by broker. */
export function killTable(reports: ReadonlyMap<string, KillReport>): string {
  const all = [...reports.values()];
  const row = (name: string, cell: (report: KillReport) => string | number) => line(name, all.map(cell));
  const rowIfAny = (name: string, cell: (report: KillReport) => number) =>
    all.some((report) => cell(report) > 0) ? [row(name, cell)] : [];
  const kinds = CALL_KINDS.filter((kind) => all.some(({ reach }) => (reach.get(kind) ?? 0) > 0));
  const faults = [...new Set(all.flatMap((report) => [...report.faults.keys()]))].sort();
  return [
    line('', [...reports.keys()]),
    ...kinds.map((kind) =>
      row(`${kind.name} (${kind.calls.join(', ')})`, (report) => {
        const points = `${report.pointsOf(kind.name)} of ${report.reach.get(kind) ?? 0} points`;
        return `${report.killsOf(kind.name)}, ${points}`;
      }),
    ),
    ...[BY_CHANCE, IDLE].flatMap((name) => rowIfAny(name, (report) => report.killsOf(name))),
    ...faults.flatMap((name) => rowIfAny(name, (report) => report.faults.get(name) ?? 0)),
    row('settle time, median and longest', ({ settleTimesMs }) => settleTimes(settleTimesMs)),
    row('kills', (report) => report.kills()),
    row('executions', (report) => report.executions),
    ...VIOLATION_KINDS.map((kind) => row(kind, (report) => report.countOf(kind))),
  ].join('\n');
}

function settleTimes(timesMs: readonly number[]): string {
  const sorted = [...timesMs].sort((a, b) => a - b);
  const seconds = (ms = 0) => (ms / 1_000).toFixed(1);
  return `${seconds(sorted[sorted.length >> 1])} s, ${seconds(sorted.at(-1))} s`;
}

function line(name: string, cells: readonly (string | number)[]): string {
  return `  ${name.padEnd(46)}${cells.map((cell) => String(cell).padStart(24)).join('')}`.trimEnd();
}
