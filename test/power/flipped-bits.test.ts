import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { flipBits } from './flipped-bits.ts';

const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

test('a flipped bit costs the last record or the journal, never its truth', async () => {
  const results = await flipBits({ folder, every: 7, openEvery: 1_999 });
  for (const result of results) {
    expect(result).toMatchObject({ crashes: 0, falselyAccepted: 0, example: null, flips: 74_899 });
    const { whole, withoutLast, saidLost, opened } = result;
    expect(whole + withoutLast + saidLost).toBe(74_899);
    expect(withoutLast).toBeGreaterThan(4_500); // one block of sixteen
    expect(saidLost).toBeGreaterThan(55_000);
    expect(opened).toBe(37);
  }
});
