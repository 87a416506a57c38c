/** `npm run test:explore`: every scenario to its end, and a table. Ends with 1 on a violation. */
import { type Exploration, explore } from './explore.ts';
import { WHOLE } from './scenarios.ts';

const MIN_STATES = 1_000_000;
const print = (line: string) => void process.stdout.write(`${line}\n`);

const started = performance.now();
let states = 0;
let transitions = 0;
let violations = 0;
print(row('scenario', 'states', 'transitions', 'depth', 'at rest', 'seconds'));
for (const scenario of WHOLE) {
  const before = performance.now();
  const exploration = explore(scenario);
  print(
    row(
      scenario.name,
      ...[exploration.states, exploration.transitions, exploration.depth, exploration.settled],
      seconds(before),
    ),
  );
  states += exploration.states;
  transitions += exploration.transitions;
  violations += printViolation(exploration);
}
print(
  `${states} distinct states, ${transitions} transitions, ${seconds(started)} s, ` +
    `peak memory ${Math.round(process.resourceUsage().maxRSS / 1_024)} MiB, ${violations} violations`,
);
if (states < MIN_STATES) print(`fewer than the ${MIN_STATES} states that are promised`);
process.exitCode = violations > 0 || states < MIN_STATES ? 1 : 0;

function printViolation({ found }: Exploration): number {
  if (found === null) return 0;
  print(`\n${found.violation.message}`);
  found.path.forEach((label, index) => {
    print(`  ${index + 1}. ${label}`);
  });
  print('');
  return 1;
}

function row(name: string, ...figures: readonly (number | string)[]): string {
  return [name.padEnd(46), ...figures.map((figure) => String(figure).padStart(11))].join(' ');
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(1);
}
