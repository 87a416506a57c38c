import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { ControlError } from '../../../local-cloud/jobs-service/control-error.ts';
import { type ServiceHarness, startService } from './service-harness.ts';

const JOB_IDS = ['a', 'b', 'c', 'd'];
const jobId = fc.constantFrom(...JOB_IDS);
const status = fc.constantFrom('QUEUED', 'IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED', 'CANCELED', 'TIMED_OUT');

/** One thing that a device or an operator does. Says whether the service took it. */
const command: fc.Arbitrary<{ name: string; run: (service: ServiceHarness) => boolean }> = fc.oneof(
  fc.tuple(jobId, fc.boolean()).map(([id, hasTimeout]) => ({
    name: `create ${id} ${hasTimeout}`,
    run: (service: ServiceHarness) =>
      taken(() => service.createJob(id, hasTimeout ? { timeoutConfig: { inProgressTimeoutInMinutes: 2 } } : {})),
  })),
  fc.constant({ name: 'start-next', run: (service: ServiceHarness) => service.device('start-next').accepted }),
  fc.tuple(jobId, status, fc.option(fc.integer({ min: 1, max: 4 }))).map(([id, to, expectedVersion]) => ({
    name: `update ${id} ${to} ${expectedVersion}`,
    run: (service: ServiceHarness) =>
      service.device(`${id}/update`, { status: to, ...(expectedVersion && { expectedVersion }) }).accepted,
  })),
  fc.tuple(jobId, fc.boolean(), fc.boolean()).map(([id, force, whole]) => ({
    name: `cancel ${whole ? 'job' : 'execution'} ${id} ${force}`,
    run: (service: ServiceHarness) =>
      taken(() => service.control(whole ? 'CancelJob' : 'CancelJobExecution', { jobId: id, thingName: 'gw-1', force })),
  })),
  fc.integer({ min: 1, max: 90 }).map((seconds) => ({
    name: `wait ${seconds}`,
    run: (service: ServiceHarness) => {
      service.advance(seconds);
      return true;
    },
  })),
);

test('whatever is done, a device that only listens is never wrong', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const service = startService();
      let heardList: string[] = [];
      let heardHead: string | undefined;
      for (const { run } of commands) {
        run(service);
        for (const { topic, message } of service.notified()) {
          if (topic === 'notify') heardList = ids(message.jobs);
          else heardHead = (message.execution as JsonObject | undefined)?.jobId as string | undefined;
        }
        const listed = ids(service.device('get').message);
        const next = service.device('$next/get').message.execution as JsonObject | undefined;
        expect(heardList.toSorted()).toEqual(listed.toSorted());
        expect(heardHead).toBe(next?.jobId);
        expect(listed[0]).toBe(next?.jobId);
      }
    }),
    { numRuns: 500 },
  );
});

test('what is refused changes nothing, what is taken one version at most', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const service = startService();
      for (const { run } of commands) {
        const before = executions(service);
        const accepted = run(service);
        const after = executions(service);
        if (!accepted) {
          expect(after).toEqual(before);
          expect(service.notified()).toEqual([]);
        }
        for (const [id, was] of before) {
          const is = after.get(id);
          const step = Number(is?.versionNumber) - Number(was.versionNumber);
          expect([0, 1]).toContain(step);
          if (step === 0) expect(is).toMatchObject({ status: was.status, lastUpdatedAt: was.lastUpdatedAt });
          if (!['QUEUED', 'IN_PROGRESS'].includes(String(was.status))) expect(is).toEqual(was);
        }
        service.notified();
      }
    }),
    { numRuns: 500 },
  );
});

test('the pending list is what is not terminal, running before waiting', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const service = startService();
      const created: string[] = [];
      for (const { run, name } of commands) {
        const accepted = run(service);
        if (accepted && name.startsWith('create')) created.push(name.split(' ')[1] ?? '');
        const states = executions(service);
        const having = (wanted: string) => created.filter((id) => states.get(id)?.status === wanted);
        expect(ids(service.device('get').message)).toEqual([...having('IN_PROGRESS'), ...having('QUEUED')]);
      }
    }),
    { numRuns: 500 },
  );
});

test('no payload on any topic gets anything but an answer', () => {
  const segment = fc.oneof(
    fc.constantFrom('get', 'update', 'start-next', 'a', '$next', ''),
    fc.string({ maxLength: 5 }),
  );
  const topic = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
  const members = fc.constantFrom('status', 'statusDetails', 'expectedVersion', 'executionNumber', 'clientToken', 'x');
  const body = fc
    .dictionary(members, fc.oneof(fc.jsonValue({ maxDepth: 2 }), status))
    .map((value) => JSON.stringify(value));
  const payload = fc.oneof(fc.uint8Array({ maxLength: 40 }), body);
  fc.assert(
    fc.property(topic, payload, (operation, bytes) => {
      const service = startService();
      service.createJob('a');
      const answer = service.device(operation, bytes);
      expect(answer.code).not.toBe('InternalError');
      expect(answer.accepted).toBe(answer.topic.endsWith('/accepted'));
      expect(JSON.parse(JSON.stringify(answer.message))).toHaveProperty('timestamp');
    }),
    { numRuns: 2000 },
  );
});

function taken(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof ControlError) return false;
    throw error;
  }
}

/** Every execution as the control plane describes it, but for the seconds left. */
function executions(service: ServiceHarness): Map<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const id of JOB_IDS) {
    taken(() => {
      const { execution } = service.control('DescribeJobExecution', { thingName: 'gw-1', jobId: id });
      const { approximateSecondsBeforeTimedOut: _left, ...lasting } = execution as JsonObject;
      found.set(id, lasting);
    });
  }
  return found;
}

/** The jobIds of a list message, in its order. */
function ids(lists: unknown): string[] {
  const { IN_PROGRESS, QUEUED, inProgressJobs, queuedJobs } = lists as Record<string, { jobId: string }[] | undefined>;
  return [...(IN_PROGRESS ?? inProgressJobs ?? []), ...(QUEUED ?? queuedJobs ?? [])].map((summary) => summary.jobId);
}
