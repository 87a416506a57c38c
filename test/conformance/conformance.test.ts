/** Every case, held against the local cloud. The same cases run on an account at AWS: `npm run test:aws`. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { CASE_GROUPS } from './all-cases.ts';
import { openLocalTarget } from './local-target.ts';
import type { OpenTarget } from './open-target.ts';

let target: OpenTarget;
/** Its clock runs ahead of the machine's after a while. */
let turned: OpenTarget;

beforeAll(async () => {
  [target, turned] = await Promise.all([openLocalTarget(), openLocalTarget()]);
});

afterAll(async () => {
  await Promise.all([target.close(), turned.close()]);
});

for (const { file, cases } of CASE_GROUPS) {
  describe(`the local cloud, ${file}`, () => {
    test.each(cases)('$title', async ({ run, onAws }) => {
      await run(onAws ? target : turned);
    });
  });
}
