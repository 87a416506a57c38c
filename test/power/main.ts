/**
 * Power cuts: `npm run test:power -- --states 6000 [--cuts 40] [--seed 1]`; and every bit of a journal flipped in turn.
 * Ends with tables, and with exit code 1 when anything was lost, invented, doubled or not opened.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cutAgent } from './agent-cuts.ts';
import { flipBits } from './flipped-bits.ts';
import type { Tally } from './judge-recovery.ts';
import { createRandom } from './random.ts';
import { replayJournal } from './replayed-journal.ts';
import { formatTable } from './table.ts';

const HEAD = ['kind of cut', 'states', 'lost', 'false', 'crashes', 'doubled', 'said lost', 'rolled back'];

const { values } = parseArgs({
  options: {
    states: { type: 'string', default: '6000' },
    /** Of a real agent on a logged device; needs root. */
    cuts: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
  },
});
const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const seed = Number(values.seed);
const isSound = [await flip(), await replay(), await cutRealAgent()];
process.exitCode = isSound.every((one) => one) ? 0 : 1;

async function flip(): Promise<boolean> {
  const started = performance.now();
  const results = await flipBits({ folder, every: 1, openEvery: 1_999 });
  print(`Every bit of a journal of 64 KiB flipped in turn, ${since(started)} s`);
  const head = ['journal', 'flips', 'whole', 'without last', 'said lost', 'opened', 'false', 'crashes'];
  const rows = results.map(({ journal, flips, whole, withoutLast, saidLost, opened, falselyAccepted, crashes }) => {
    return [journal, flips, whole, withoutLast, saidLost, opened, falselyAccepted, crashes];
  });
  print(formatTable(head, rows));
  const examples = results.flatMap(({ example }) => (example === null ? [] : [example]));
  for (const example of examples) print(`VIOLATION ${example}`);
  return examples.length === 0;
}

async function replay(): Promise<boolean> {
  const started = performance.now();
  const { tallies, boots, compactions } = await replayJournal({ states: Number(values.states), seed, folder });
  print(`Replayed in this process, seed ${seed}: ${boots} boots, ${compactions} compactions, ${since(started)} s`);
  return report(tallies);
}

async function cutRealAgent(): Promise<boolean> {
  if (Number(values.cuts) === 0) return true;
  const started = performance.now();
  // Beside this program once bundled is `dist`, and beside that the source.
  const source = fileURLToPath(new URL('../test/power/logged-device.c', import.meta.url));
  const result = await cutAgent({ cuts: Number(values.cuts), random: createRandom(seed), folder, source });
  if (typeof result === 'string') {
    print(`WARNING: no power is cut under a real agent: ${result}`);
    return true;
  }
  const { cuts, lies, jobs, succeeded, interrupted, stateLost, saidLost, violations } = result;
  print(`A real agent on ext4 on a logged device, ${since(started)} s`);
  const row = [cuts, lies, jobs, succeeded, interrupted, stateLost, saidLost, violations.length];
  const head = ['power cuts', 'of them lies', 'jobs', 'succeeded', 'interrupted', 'state lost', 'said lost'];
  print(formatTable([...head, 'violations'], [row]));
  for (const violation of violations) print(`VIOLATION ${violation}`);
  return violations.length === 0;
}

function since(started: number): string {
  return ((performance.now() - started) / 1_000).toFixed(1);
}

/** @returns whether there was no violation. The last two figures are what a card that lied may cost. */
function report(tallies: ReadonlyMap<string, Tally>): boolean {
  const rows = [...tallies].map(([kind, tally]) => [kind, ...figuresOf(tally)]);
  print(formatTable(HEAD, rows));
  const examples = [...tallies.values()].flatMap(({ example }) => (example === null ? [] : [example]));
  for (const example of examples) print(`VIOLATION ${example}`);
  return examples.length === 0;
}

function figuresOf(tally: Tally) {
  const { states, lost, falselyAccepted, crashes, doubled, saidLost, rolledBack } = tally;
  return [states, lost, falselyAccepted, crashes, doubled, saidLost, rolledBack];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
