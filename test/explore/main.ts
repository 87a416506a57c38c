/**
 * `npm run test:explore`: every scenario to its end, and a table. Two at a time, one a thread: they share nothing. Ends
 * with 1 on a violation.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type Exploration, explore } from './explore.ts';
import { WHOLE } from './scenarios.ts';

const MIN_STATES = 1_000_000;
const THREADS = 2;
/** Of each thread. */
const MAX_HEAP_MIB = 3_072;

interface Explored extends Omit<Exploration, 'found'> {
  readonly index: number;
  readonly seconds: number;
  /** The violation and the way to it. */
  readonly found: readonly string[] | null;
}

if (isMainThread) await exploreAll();
else parentPort?.on('message', (index: number) => parentPort?.postMessage(exploreOne(index)));

async function exploreAll(): Promise<void> {
  const started = performance.now();
  const all: Explored[] = [];
  let next = 0;
  print(row('scenario', 'states', 'transitions', 'depth', 'at rest', 'seconds'));
  async function work(): Promise<void> {
    const worker = createWorker();
    while (next < WHOLE.length) {
      const explored = await worker.explore(next++);
      all.push(explored);
      printOne(explored);
    }
    await worker.end();
  }
  await Promise.all(Array.from({ length: THREADS }, work));
  const sum = (count: (one: Explored) => number) => all.reduce((total, one) => total + count(one), 0);
  const states = sum((one) => one.states);
  const violations = sum(({ found }) => (found === null ? 0 : 1));
  const unfinished = all.filter(({ isWhole, found }) => !isWhole && found === null).length;
  print(
    `${states} distinct states, ${sum((one) => one.transitions)} transitions, ${secondsSince(started).toFixed(1)} s, ` +
      `peak memory ${Math.round(process.resourceUsage().maxRSS / 1_024)} MiB, ${violations} violations`,
  );
  if (states < MIN_STATES) print(`fewer than the ${MIN_STATES} states that are promised`);
  process.exitCode = violations > 0 || unfinished > 0 || states < MIN_STATES ? 1 : 0;
}

function createWorker() {
  const worker = new Worker(fileURLToPath(import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
  });
  const ended = new Promise<never>((_, reject) => worker.once('error', reject));
  return {
    explore(index: number): Promise<Explored> {
      const explored = new Promise<Explored>((resolve) => worker.once('message', resolve));
      worker.postMessage(index);
      return Promise.race([explored, ended]);
    },
    end: () => worker.terminate(),
  };
}

function exploreOne(index: number): Explored {
  const scenario = WHOLE[index];
  if (scenario === undefined) throw new Error(`there is no scenario ${index}`);
  const before = performance.now();
  const { found, ...figures } = explore(scenario);
  const lines = found === null ? null : [found.violation.message, ...found.path];
  return { ...figures, index, seconds: secondsSince(before), found: lines };
}

function printOne({ index, states, transitions, depth, settled, seconds, found }: Explored): void {
  print(row(WHOLE[index]?.name ?? '', states, transitions, depth, settled, seconds.toFixed(1)));
  found?.forEach((line, at) => {
    print(at === 0 ? `\n${line}` : `  ${at}. ${line}`);
  });
}

function row(name: string, ...figures: readonly (number | string)[]): string {
  return [name.padEnd(50), ...figures.map((figure) => String(figure).padStart(11))].join(' ');
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1_000;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
