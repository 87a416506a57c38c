/** Every case, held against the local cloud. The same cases run on an account at AWS: `npm run test:aws`. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { CASE_GROUPS } from './all-cases.ts';
import { openLocalTarget } from './local-target.ts';
import type { OpenTarget } from './open-target.ts';

let target: OpenTarget;

beforeAll(async () => {
  target = await openLocalTarget();
});

afterAll(async () => {
  await target.close();
});

for (const { file, cases } of CASE_GROUPS) {
  describe(`the local cloud, ${file}`, () => {
    test.each(cases)('$title', async ({ run }) => {
      await run(target);
    });
  });
}
