/** `npm run test:full`: every whole count, one after the other, and one table at the end. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, release, type } from 'node:os';
import { promisify } from 'node:util';
import { type FullArguments, parseFullArguments, USAGE } from './arguments.ts';
import { type CheckedRun, isWell, type Surroundings, summaryMarkdown, summaryText, withReport } from './full-report.ts';
import { commandOf } from './full-runs.ts';
import { type RunningCheck, runCheck } from './run-check.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let args: FullArguments;
  try {
    args = parseFullArguments(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const checked = await runAll(args);
  process.stdout.write(`\n${summaryText(checked)}\n`);
  if (args.reportFile !== undefined) await report(args.reportFile, checked);
  return isWell(checked) ? 0 : 1;
}

async function runAll({ runs }: FullArguments): Promise<readonly CheckedRun[]> {
  let isStopped = false;
  let running: RunningCheck | undefined;
  // From the terminal the signal reaches the check too; then it hears of it twice, which does no harm.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isStopped = true;
      running?.stop();
    });
  }
  const { FORCE_COLOR: _, ...environment } = process.env;
  const checked: CheckedRun[] = [];
  for (const run of runs) {
    if (isStopped) {
      checked.push({ run, check: undefined });
      continue;
    }
    process.stdout.write(`\n=== ${run.name}: ${commandOf(run)}\n`);
    running = runCheck({
      argv: ['npm', ...run.npm],
      env: { ...environment, ...run.env, NO_COLOR: '1' },
      print: (chunk) => process.stdout.write(chunk),
    });
    checked.push({ run, check: await running.ended });
  }
  return checked;
}

async function report(file: string, checked: readonly CheckedRun[]): Promise<void> {
  const page = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  await writeFile(file, withReport(page, summaryMarkdown(checked, await surroundings())));
}

async function surroundings(): Promise<Surroundings> {
  const revision = await promisify(execFile)('git', ['describe', '--always', '--dirty']).catch(() => ({ stdout: '?' }));
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: revision.stdout.trim(),
    node: process.versions.node,
    system: `${type()} ${release()}`,
    processors: availableParallelism(),
  };
}
