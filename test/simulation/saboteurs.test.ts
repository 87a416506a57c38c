import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import { SABOTEURS } from './saboteurs.ts';
import { runWorld } from './world.ts';

const SEED = 2;
/** Not every world gives every fault its chance. */
const MAX_WORLDS = 120;

describe.each(Object.entries(SABOTEURS).filter(([, saboteurs]) => saboteurs.length > 0))(
  '%s finds that',
  (check, saboteurs) => {
    test.each(saboteurs)('%s', async (_, sabotage) => {
      const found: string[] = [];
      for (let world = 0; world < MAX_WORLDS && !found.includes(check); world += 1) {
        found.push(
          ...judge(await runWorld({ seed: SEED, world, isSmall: true, sabotage })).map((violation) => violation.check),
        );
      }
      expect(found).toContain(check);
    });
  },
);
