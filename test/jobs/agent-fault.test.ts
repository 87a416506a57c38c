import { expect, test } from 'vitest';
import { faultEntry, separateFault } from '../../agent/jobs/agent-fault.ts';
import { createAgentInMemory } from '../fixtures/agent-in-memory.ts';
import { promisesSettled } from '../fixtures/log-lines.ts';

const FAULT = { message: 'cannot read properties of undefined', atMs: 1_700_000_000_000, isTold: false };

test('a fault is read back from among the executions', () => {
  const execution = { id: 'a.1.1', finished: false, body: { v: 1 } };
  expect(separateFault([execution, faultEntry(FAULT)])).toEqual({ executions: [execution], fault: FAULT });
  expect(separateFault([execution])).toEqual({ executions: [execution], fault: null });
});

test.each([[null], [{ message: 7, atMs: 1 }], [{ message: 'x' }]])(
  'an entry of something else is no fault: %j',
  (body) => {
    const entry = { ...faultEntry(FAULT), body: body as never };
    expect(separateFault([entry])).toEqual({ executions: [], fault: null });
  },
);

test('a fault keeps no secret and no more than it needs', () => {
  const message = `GET https://bucket.s3.amazonaws.com/x?X-Amz-Signature=abcdef0123456789 ${'x'.repeat(9_000)}`;
  const { body } = faultEntry({ ...FAULT, message });
  expect(JSON.stringify(body)).not.toContain('abcdef0123456789');
  expect(JSON.stringify(body).length).toBeLessThan(700);
});

test('the next start tells of it once, and the operator of the job it interrupted', async () => {
  const site = createAgentInMemory();
  await site.boot();
  await site.create('a');
  await site.agent.noteFault(new Error('boom'));
  await site.powerCut();
  await site.boot();
  expect(site.service.execution('a')).toMatchObject({
    status: 'FAILED',
    statusDetails: {
      reasonCode: 'INTERRUPTED',
      reason: 'the agent ended by an error of its own while the handler ran: boom',
    },
  });
  const told = () => site.logLines.messages.filter((message) => message.startsWith('agent before this one'));
  expect(told()).toHaveLength(1);
  await site.powerCut();
  await site.boot();
  expect(told()).toHaveLength(1);
  await site.stop('stop');
});

test('a fault that cannot be journaled is only logged', async () => {
  const site = createAgentInMemory();
  await site.boot();
  site.journal.failNextAppend('EIO');
  await site.agent.noteFault('not even an Error');
  await promisesSettled();
  expect(site.logLines.messages).toContain('a fault of the agent could not be journaled');
  await site.stop('stop');
});
