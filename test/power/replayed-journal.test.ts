import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { replayJournal } from './replayed-journal.ts';

const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

test('no power cut of a short replay breaks the journal', async () => {
  const { tallies, compactions } = await replayJournal({ states: 120, seed: 7, folder });
  expect(compactions).toBeGreaterThan(0);
  for (const [kind, tally] of tallies) expect(tally, kind).toMatchObject({ doubled: 0, example: null });
  expect(tallies.get('lie')?.rolledBack).toBeGreaterThan(0);
});

test('a journal that does not flush is found out', async () => {
  const failing = replayJournal({ states: 60, seed: 7, folder, flushes: false });
  const found = await failing.then(
    ({ tallies }) => [...tallies.values()].filter(({ example }) => example !== null).length,
    ({ message }: Error) => message,
  );
  expect(found).toBeGreaterThan(2);
});
