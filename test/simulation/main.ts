/** `npm run test:simulation`: worlds full of faults, and what was found wrong in them. Ends with 1 on a violation. */
import { type Cell, formatTable } from '../power/table.ts';
import { parseSimulationArguments, type SimulationArguments, USAGE } from './arguments.ts';
import { CHECKS, type CheckName, type Violation } from './check.ts';
import type { HistoryEntry } from './history.ts';
import { judge } from './judge.ts';
import { printEntry, printTail } from './print-history.ts';
import { type SimulationReport, simulate } from './simulation.ts';
import { runWorld } from './world.ts';

/** Of as many worlds with violations the history is shown. */
const MAX_SHOWN = 3;

const print = (text: string) => void process.stdout.write(`${text}\n`);
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let args: SimulationArguments;
  try {
    args = parseSimulationArguments(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  return args.world === null ? simulateAll(args) : replay(args.seed, args.world);
}

async function simulateAll({ seed, executions }: SimulationArguments): Promise<number> {
  const beginMs = performance.now();
  let shown = 0;
  const report = await simulate({
    seed,
    executions,
    onViolations(world, violations, history) {
      shown += 1;
      if (shown <= MAX_SHOWN) printViolations({ seed, world, violations, history });
    },
  });
  print(tables(report));
  const seconds = ((performance.now() - beginMs) / 1_000).toFixed(1);
  const days = Math.round(report.simulatedMs / 86_400_000);
  const violations = Object.values(report.violations).reduce((sum, count) => sum + count, 0);
  print(
    `\nSeed ${seed}: ${report.executions} executions in ${report.worlds} worlds, ${report.runs} runs, ` +
      `${report.restarts} restarts, ${days} simulated days, ${violations} violations, ${seconds} s`,
  );
  return violations === 0 ? 0 : 1;
}

async function replay(seed: number, world: number): Promise<number> {
  const history = await runWorld({ seed, world });
  for (const entry of history) print(printEntry(entry));
  const violations = judge(history);
  printViolations({ seed, world, violations, history });
  return violations.length === 0 ? 0 : 1;
}

interface BadWorld {
  readonly seed: number;
  readonly world: number;
  readonly violations: readonly Violation[];
  readonly history: readonly HistoryEntry[];
}

/** The first with what led up to it; the others often only follow from it. */
function printViolations({ seed, world, violations, history }: BadWorld): void {
  const [first] = violations;
  if (first === undefined) return;
  print(`\nWorld ${world}:`);
  for (const { check, id, what } of violations) print(`  ${check} ${id ?? ''} ${what}`);
  print(`\nUp to the first of them:\n${printTail(history, first)}`);
  print(`\nThe whole of it: npm run test:simulation -- --seed ${seed} --world ${world}`);
}

function tables({ faults, endings, endingRuns, violations }: SimulationReport): string {
  const sorted = (counts: ReadonlyMap<string, number>): Cell[][] => [...counts].sort().map((row) => [...row]);
  const checks = Object.entries(CHECKS).map(([check, what]) => [`${check} ${what}`, violations[check as CheckName]]);
  return [
    formatTable(['fault', 'times'], sorted(faults)),
    formatTable(['executions ended', 'times'], sorted(endings)),
    formatTable(['what comes after the work', 'times'], sorted(endingRuns)),
    formatTable(['check', 'violations'], checks),
  ].join('\n\n');
}
