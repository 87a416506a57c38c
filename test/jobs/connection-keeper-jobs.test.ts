import { expect, test } from 'vitest';
import { createAgentInMemory } from '../fixtures/agent-in-memory.ts';
import { SETTINGS } from '../fixtures/core-states.ts';
import { THING_NAME } from '../fixtures/fake-jobs-service.ts';

test('a job that may not be notified of is found by polling', async () => {
  const memory = createAgentInMemory();
  for (const name of ['notify', 'notify-next']) {
    memory.service.broker.refuseFilter(`$aws/things/${THING_NAME}/jobs/${name}`);
  }
  await memory.boot();
  expect(memory.agent.status().connection.missingRights).toHaveLength(2);
  await memory.create('quiet');
  expect(memory.started).toEqual([]);
  await memory.pass(SETTINGS.pollIntervalMs);
  expect(memory.started).toEqual(['quiet work 1']);
  await memory.stop('stop');
});
