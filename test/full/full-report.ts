/** The summary of a whole run: as text for the terminal, and as Markdown for docs/testing.md. */
import { formatTable } from '../power/table.ts';
import { commandOf, type FullRun } from './full-runs.ts';
import { readOutput } from './read-output.ts';
import type { CheckRun } from './run-check.ts';

export interface CheckedRun {
  readonly run: FullRun;
  /** Nothing where it was not reached. */
  readonly check: CheckRun | undefined;
}

/** Where it was measured. */
export interface Surroundings {
  /** ISO 8601, without the time. */
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  /** Name and release of the kernel. */
  readonly system: string;
  readonly processors: number;
}

const START = '<!-- full:start -->\n';
const END = '<!-- full:end -->';

export function isWell(runs: readonly CheckedRun[]): boolean {
  return runs.every(({ check }) => check?.exitCode === 0);
}

export function summaryText(runs: readonly CheckedRun[]): string {
  const rows = runs.map(({ run, check }) => {
    const { lastLine, warnings } = readOutput(check?.output ?? '');
    return [run.name, resultOf(check), Number(check?.seconds.toFixed(0) ?? 0), warnings.length, lastLine.slice(0, 100)];
  });
  const all = formatTable(['check', 'result', 'seconds', 'warnings', 'last line'], rows);
  const warnings = runs.flatMap(({ run, check }) =>
    readOutput(check?.output ?? '').warnings.map((text) => `WARNING ${run.name}: ${text}`),
  );
  return [all, ...warnings].join('\n');
}

export function summaryMarkdown(runs: readonly CheckedRun[], surroundings: Surroundings): string {
  const { date, commit, node, system, processors } = surroundings;
  const rows = runs.map(({ run, check }) => {
    const seconds = check === undefined ? '' : check.seconds.toFixed(0);
    return `| ${run.about} | \`${commandOf(run)}\` | ${resultOf(check)} | ${seconds} |\n`;
  });
  return `${date}, commit ${commit}, Node.js ${node}, ${system}, ${processors} processors.

| What | Command | Result | Seconds |
| --- | --- | --- | --: |
${rows.join('')}${runs.map(detailsOf).join('')}`;
}

/** @returns `page` with the block between the two marks replaced, or `block` alone where there are none. */
export function withReport(page: string, block: string): string {
  const start = page.indexOf(START);
  const end = page.indexOf(END, start);
  return start === -1 || end === -1 ? block : `${page.slice(0, start + START.length)}\n${block}\n${page.slice(end)}`;
}

function resultOf(check: CheckRun | undefined): string {
  if (check === undefined) return 'not run';
  return check.exitCode === 0 ? 'passed' : `FAILED (${check.exitCode})`;
}

function detailsOf({ run, check }: CheckedRun): string {
  if (check === undefined) return '';
  const { tables, lastLine, warnings } = readOutput(check.output);
  const text = [tables === '' ? lastLine : tables, ...warnings.map((warning) => `WARNING ${warning}`)].join('\n');
  return `\n### ${run.name}\n\n\`\`\`text\n${text.replaceAll('```', "'''")}\n\`\`\`\n`;
}
