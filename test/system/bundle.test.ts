import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { AGENT_BUNDLE } from '../fixtures/agent-process.ts';

/** scripts/build.mjs says why. */
test('the bundle of the agent is ASCII: one other character makes each of its processes 20 MB larger', async () => {
  const others = [...(await readFile(AGENT_BUNDLE, 'utf8'))].filter((character) => character > '\u007f');
  expect(others).toEqual([]);
});
