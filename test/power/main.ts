/**
 * Power cuts: `npm run test:power -- --states 6000 [--seed 1]`. Ends with a table, and with exit code 1 when anything was
 * lost, invented, doubled or not opened.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Tally } from './judge-recovery.ts';
import { replayJournal } from './replayed-journal.ts';
import { formatTable } from './table.ts';

const HEAD = ['kind of cut', 'states', 'lost', 'false', 'crashes', 'doubled', 'said lost', 'rolled back'];

const { values } = parseArgs({
  options: {
    states: { type: 'string', default: '6000' },
    seed: { type: 'string', default: '1' },
  },
});
process.exitCode = (await run()) ? 0 : 1;

async function run(): Promise<boolean> {
  const started = performance.now();
  const seed = Number(values.seed);
  const shared = existsSync('/dev/shm') ? { folder: '/dev/shm' } : {};
  const { tallies, boots, compactions } = await replayJournal({ states: Number(values.states), seed, ...shared });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  print(`Replayed in this process, seed ${seed}: ${boots} boots, ${compactions} compactions, ${seconds} s`);
  return report(tallies);
}

/** @returns whether there was no violation. Behind a card that lied, a doubled run is told but is no fault of ours. */
function report(tallies: ReadonlyMap<string, Tally>): boolean {
  const rows = [...tallies].map(([kind, tally]) => [kind, ...figuresOf(tally)]);
  print(formatTable(HEAD, rows));
  const examples = [...tallies.values()].flatMap(({ example }) => (example === null ? [] : [example]));
  for (const example of examples) print(`VIOLATION ${example}`);
  return examples.length === 0;
}

function figuresOf({ states, lost, falselyAccepted, crashes, doubled, saidLost, rolledBack }: Tally) {
  return [states, lost, falselyAccepted, crashes, doubled, saidLost, rolledBack];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
