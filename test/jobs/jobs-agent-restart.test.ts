import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentInMemory, createAgentInMemory } from '../fixtures/agent-in-memory.ts';
import { promisesSettled } from '../fixtures/log-lines.ts';

let site: AgentInMemory;

beforeEach(() => {
  site = createAgentInMemory();
});

afterEach(() => site.stop('stop'));

describe('a shutdown', () => {
  test('that waits lets the run end and reports it', async () => {
    await site.boot();
    await site.create('a');
    await site.create('b');
    const stopping = site.agent.stop('wait');
    await promisesSettled();
    expect(site.agent.status().shuttingDown).toBe(true);
    await site.endRun(0);
    await stopping;
    expect(site.service.told).toEqual(['a SUCCEEDED']);
    expect(site.started).toEqual(['a work 1']);
    expect(site.service.broker.subscriptions).toEqual([]);
    expect(site.clock.nextTimerInMs()).toBeUndefined();
  });

  test('that waited long enough stops the run', async () => {
    await site.boot();
    await site.create('a');
    await site.stop('wait');
    expect(site.stepRunner.runs[0]?.stops).toEqual([{ reason: 'shutdown', graceMs: 10_000 }]);
    expect(site.service.execution('a')).toMatchObject({ statusDetails: { reasonCode: 'AGENT_STOPPED' } });
  });

  test('leaves a run that may be repeated to the next start', async () => {
    await site.boot({ facts: { onInterrupted: 'resume' } });
    await site.create('a');
    await site.stop('stop');
    expect(site.service.told).toEqual([]);
    await site.boot({ facts: { onInterrupted: 'resume' } });
    expect(site.started).toEqual(['a work 2']);
    await site.endRun(0);
    expect(site.service.told).toEqual(['a IN_PROGRESS', 'a SUCCEEDED']);
  });

  test('ends though a run does not', async () => {
    await site.boot({ onStop: () => {} });
    await site.create('a');
    await site.stop('stop');
    expect(site.stepRunner.runs[0]?.isOver).toBe(false);
    site.stepRunner.runs[0]?.end();
  });
});

describe('after a power cut', () => {
  test('a handler that may not run twice is told INTERRUPTED', async () => {
    await site.boot();
    await site.create('a');
    await site.powerCut();
    await site.boot({ leftovers: ['a.1.1.0.1'] });
    expect(site.started).toEqual([]);
    expect(site.service.execution('a')).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'INTERRUPTED' },
    });
    expect(site.logLines.messages).toContain('runs of an earlier agent process were ended');
  });

  test('the folders of what the journal does not know are swept', async () => {
    await site.boot();
    await site.create('a');
    await site.powerCut();
    await site.boot();
    expect(site.stepRunner.sweeps).toEqual([[expect.stringMatching(/^a\.1\./)]]);
  });

  test('a handler that may run again does', async () => {
    await site.boot({ facts: { onInterrupted: 'rerun' } });
    await site.create('a');
    await site.powerCut();
    await site.boot({ facts: { onInterrupted: 'rerun' } });
    expect(site.started).toEqual(['a work 2']);
  });

  test('an outcome that was not told is told, once', async () => {
    await site.boot();
    await site.create('a');
    site.service.broker.refuseConnections('CONNECT_REFUSED');
    site.service.broker.kick();
    await promisesSettled();
    await site.endRun(0);
    await site.powerCut();
    site.service.broker.refuseConnections(undefined);
    await site.boot();
    expect(site.service.told).toEqual(['a SUCCEEDED']);
    await site.powerCut();
    await site.boot();
    expect(site.service.told).toEqual(['a SUCCEEDED']);
    expect(site.started).toEqual([]);
  });

  test('what was closed long ago is no news', async () => {
    await site.boot();
    await site.create('a');
    await site.endRun(0);
    await site.powerCut();
    const before = site.logLines.messages.length;
    await site.boot();
    expect(site.logLines.messages.slice(before)).toEqual(['connected and subscribed']);
    expect(site.agent.status().recent).toEqual([]);
  });

  test('a journal that is lost reruns nothing', async () => {
    await site.boot();
    await site.create('a');
    await site.powerCut();
    site.journal.lose('superblock torn');
    await site.boot();
    expect(site.started).toEqual([]);
    expect(site.service.execution('a')).toMatchObject({ statusDetails: { reasonCode: 'STATE_LOST' } });
    expect(site.logLines.messages).toContain('journal lost: started with a new one');
  });

  test('an entry of a later version is refused, and nothing runs', async () => {
    await site.boot();
    await site.stop('stop');
    const later = await site.journal.open();
    await later.journal.append({ id: 'a.1.1', finished: false, body: { v: 99 } });
    await later.journal.close();
    await expect(site.boot()).rejects.toMatchObject({
      code: 'JOURNAL_TOO_NEW',
      message: expect.stringContaining('a.1.1'),
    });
    expect(site.stepRunner.leftovers).toEqual([]);
    expect(site.service.broker.connects).toBe(1);
  });
});
