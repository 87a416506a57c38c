/** The figures of a soak, for a person. */
import type { SoakReport } from './soak.ts';
import { unusedOperations } from './soak-jobs.ts';
import type { SoakVerdict } from './soak-verdict.ts';

export function soakTable(report: SoakReport, verdict: SoakVerdict): string {
  const { violations, peaks } = report;
  const countOf = (kind: string) => violations.filter((violation) => violation.kind === kind).length;
  const unused = unusedOperations();
  return [
    row('jobs over', report.jobs),
    row('jobs an hour', Math.round(verdict.jobsPerHour)),
    row('reconnects', report.reconnects),
    ...[...report.faults].sort().map(([name, count]) => row(`  ${name}`, count)),
    row('rests judged', `${verdict.rests} of ${report.samples.length}`),
    ...verdict.memory.map((figure) =>
      row(
        `${figure.name}, KB`,
        `first ${kb(figure.firstKb)}, last ${kb(figure.lastKb)}, slope ${kb(figure.slopeKbPerHour)}/h`,
        `standard error ${kb(figure.standardErrorKbPerHour)}/h, allowed ${kb(figure.boundKbPerHour)}/h`,
      ),
    ),
    ...verdict.counts.map(({ name, first, last, max }) => row(name, `first ${first}, last ${last}, max ${max}`)),
    row(
      'most at any time',
      `${kb(peaks.rssBytes / 1_000)} KB resident, ${peaks.descriptors} descriptors, ${peaks.threads} threads`,
      `${peaks.children} children, ${peaks.zombies} zombies`,
    ),
    row('doubled runs', countOf('doubled runs')),
    row('lost reports', countOf('lost reports')),
    row('other violations', violations.length - countOf('doubled runs') - countOf('lost reports')),
    ...(unused.length > 0 ? [row('built-in handlers without a job', unused.join(', '))] : []),
    row('verdict', verdict.complaints.length === 0 ? 'flat' : verdict.complaints.join('; ')),
  ].join('\n');
}

function row(name: string, ...values: readonly (string | number)[]): string {
  return `  ${name.padEnd(44)}${values.join(', ')}`;
}

function kb(value: number): string {
  return value.toFixed(0);
}
