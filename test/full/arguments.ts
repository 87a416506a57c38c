/** The command line of `npm run test:full`. */
import { parseArgs } from 'node:util';
import { FULL_RUNS, type FullRun } from './full-runs.ts';

export interface FullArguments {
  readonly runs: readonly FullRun[];
  /** Where the summary goes as Markdown. */
  readonly reportFile: string | undefined;
}

export const USAGE = `Usage: npm run test:full -- [--only NAME,…] [--skip NAME,…] [--report FILE]
  --report FILE  the summary as Markdown: between the lines <!-- full:start --> and <!-- full:end --> of a file that has
                 them, else as the whole file
Names: ${FULL_RUNS.map(({ name }) => name).join(' ')}
`;

/** @throws Error that says which argument is wrong. */
export function parseFullArguments(argv: readonly string[]): FullArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: { only: { type: 'string' }, skip: { type: 'string' }, report: { type: 'string' } },
  });
  const only = namesIn('--only', values.only);
  const skip = namesIn('--skip', values.skip) ?? [];
  const runs = FULL_RUNS.filter(({ name }) => (only?.includes(name) ?? true) && !skip.includes(name));
  if (runs.length === 0) throw new Error('nothing is left to run');
  return { runs, reportFile: values.report };
}

function namesIn(option: string, list: string | undefined): readonly string[] | undefined {
  const names = list?.split(',').filter((name) => name !== '');
  const unknown = names?.find((name) => FULL_RUNS.every((run) => run.name !== name));
  if (unknown === undefined) return names;
  throw new Error(`${option}: there is no ${unknown}; known are ${FULL_RUNS.map(({ name }) => name).join(', ')}`);
}
