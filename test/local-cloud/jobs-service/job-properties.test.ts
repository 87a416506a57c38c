/** Everything that devices, operators and the clock can do to jobs, in any order: what holds after each step. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTerminal } from '../../../agent/core/job-execution.ts';
import type { JsonObject } from '../../../agent/core/json.ts';
import { ControlError } from '../../../local-cloud/jobs-service/control-error.ts';
import { noCounts } from '../../../local-cloud/jobs-service/job-counts.ts';
import { isOffered } from '../../../local-cloud/jobs-service/pending-list.ts';
import { nextDueMs } from '../../../local-cloud/jobs-service/settle.ts';
import type { Execution, Job, Thing } from '../../../local-cloud/jobs-service/state.ts';
import { type ServiceHarness, startService } from './service-harness.ts';

const THINGS = ['t-0', 't-1', 't-2'];
const GROUP = 'arn:aws:iot:us-east-1:123456789012:thinggroup/g';
const jobId = fc.constantFrom('a', 'b', 'c');
const thingName = fc.constantFrom(...THINGS);

const members: fc.Arbitrary<JsonObject> = fc.record(
  {
    targetSelection: fc.constantFrom('SNAPSHOT', 'CONTINUOUS'),
    timeoutConfig: fc.constant({ inProgressTimeoutInMinutes: 2 }),
    jobExecutionsRolloutConfig: fc.constant({ maximumPerMinute: 1 }),
    jobExecutionsRetryConfig: fc
      .tuple(fc.constantFrom('FAILED', 'TIMED_OUT', 'ALL'), fc.nat({ max: 2 }))
      .map(([failureType, numberOfRetries]) => ({ criteriaList: [{ failureType, numberOfRetries }] })),
    abortConfig: fc.constant({
      criteriaList: [{ failureType: 'ALL', action: 'CANCEL', thresholdPercentage: 60, minNumberOfExecutedThings: 2 }],
    }),
    schedulingConfig: fc.constantFrom<JsonObject>(
      { startTime: '2023-11-14 22:50', endTime: '2023-11-14 23:30', endBehavior: 'CANCEL' },
      { endTime: '2023-11-14 23:00', endBehavior: 'STOP_ROLLOUT' },
      { maintenanceWindows: [{ startTime: 'cron(0/20 * * * ? *)', durationInMinutes: 10 }] },
    ),
  },
  { requiredKeys: [] },
);

type Act = (service: ServiceHarness) => unknown;

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(jobId, members).map(([id, config]): Act => create(id, config)) },
  {
    weight: 2,
    arbitrary: thingName.map(
      (thing): Act =>
        (service) =>
          service.device('start-next', {}, thing),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(jobId, thingName, fc.constantFrom('IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED')).map(
      ([id, thing, status]): Act =>
        (service) =>
          service.device(`${id}/update`, { status }, thing),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom('CancelJob', 'CancelJobExecution', 'DeleteJob', 'DeleteJobExecution', 'UpdateJob'),
        fc.record({ jobId, thingName, force: fc.boolean(), executionNumber: fc.integer({ min: 1, max: 3 }) }),
      )
      .map(
        ([operation, input]): Act =>
          (service) =>
            service.control(operation, input),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('AddThingToThingGroup', 'RemoveThingFromThingGroup'), thingName).map(
      ([operation, thing]): Act =>
        (service) => {
          service.control(operation, { thingGroupName: 'g', thingName: thing });
        },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 900 }).map(
      (seconds): Act =>
        (service) =>
          service.advance(seconds),
    ),
  },
);

test('counts, lists and queues are what the executions say', () => {
  check((service) => {
    for (const job of service.state.jobs.values()) checkCounts(job);
    for (const thing of service.state.things.values()) checkLists(thing);
  });
});

test('a thing has one open execution of a job at most, and numbers that grow', () => {
  check((service) => {
    for (const { executions } of service.state.things.values()) {
      for (const list of executions.values()) {
        expect(list.filter(({ status }) => !isTerminal(status)).length).toBeLessThanOrEqual(1);
        const numbers = list.map(({ executionNumber }) => executionNumber);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      }
    }
  });
});

test('a job is over when nothing is left to do, and not before', () => {
  check((service) => {
    for (const job of service.state.jobs.values()) {
      const open = job.executions.filter(({ status }) => !isTerminal(status)).length;
      const left = open + job.waiting.length + job.retries.length;
      if (job.completedAtMs !== undefined || job.status === 'COMPLETED') expect(left).toBe(0);
      if (job.status === 'IN_PROGRESS' && job.targetSelection === 'SNAPSHOT') expect(left).toBeGreaterThan(0);
    }
  });
});

test('what has ended never changes', () => {
  const ended = new WeakMap<Execution, string>();
  const lasting = ({ status, versionNumber, lastUpdatedAtMs, statusDetails }: Execution) =>
    JSON.stringify({ status, versionNumber, lastUpdatedAtMs, statusDetails });
  check((service) => {
    for (const execution of allExecutions(service)) {
      if (!isTerminal(execution.status)) continue;
      expect(lasting(execution)).toBe(ended.get(execution) ?? lasting(execution));
      ended.set(execution, lasting(execution));
    }
  });
});

test('a device that only listens knows its list and the first of it', () => {
  const lists = new Map<string, string[]>();
  const heads = new Map<string, string | undefined>();
  check(
    (service) => {
      for (const { thing, kind, message } of service.heard()) {
        if (kind === 'notify') lists.set(thing, idsOf(message.jobs));
        else heads.set(thing, (message.execution as JsonObject | undefined)?.jobId as string | undefined);
      }
      for (const thing of THINGS) {
        const listed = idsOf(service.device('get', {}, thing).message);
        expect((lists.get(thing) ?? []).toSorted()).toEqual(listed.toSorted());
        expect(heads.get(thing)).toBe(listed[0]);
      }
    },
    () => {
      lists.clear();
      heads.clear();
    },
  );
});

test('nothing that is due is left undone', () => {
  check((service) => {
    service.advance(0);
    expect(nextDueMs(service.state) ?? Infinity).toBeGreaterThan(service.nowMs());
  });
});

function create(id: string, config: JsonObject): Act {
  return (service) => service.createJob(id, { targets: [GROUP], ...config });
}

/** Does random things to a service, and looks after each. */
function check(holds: (service: ServiceHarness) => void, begin: () => void = () => undefined): void {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      begin();
      const service = startService(THINGS, { retryDelayMs: 30_000, deletionTakesMs: 20_000 });
      service.createGroup('g', ['t-0', 't-1']);
      for (const perform of acts) {
        try {
          perform(service);
        } catch (error) {
          if (!(error instanceof ControlError)) throw error;
        }
        holds(service);
      }
    }),
    { numRuns: 300 },
  );
}

function allExecutions(service: ServiceHarness): Execution[] {
  return [...service.state.things.values()].flatMap(({ executions }) => [...executions.values()].flat());
}

function checkCounts(job: Job): void {
  const [executions, things] = [noCounts(), noCounts()];
  for (const { status } of job.executions) executions[status]++;
  const latest = new Map(job.executions.map((execution) => [execution.thing, execution]));
  for (const { status } of latest.values()) things[status]++;
  expect(job.executionCounts).toEqual(executions);
  expect(job.thingCounts).toEqual(things);
}

function checkLists(thing: Thing): void {
  const all = [...thing.executions.values()].flat().sort((a, b) => a.sequence - b.sequence);
  expect(thing.inProgress).toEqual(all.filter(({ status }) => status === 'IN_PROGRESS'));
  expect(thing.queued).toEqual(all.filter(({ status }) => status === 'QUEUED'));
  const windowed = thing.queued.filter(({ job }) => job.schedule.windows.length > 0);
  expect(thing.windowedQueued).toBe(windowed.length);
  for (const execution of thing.queued) expect(isOffered(execution)).toBe(execution.job.status !== 'SCHEDULED');
}

/** The jobIds of a list message, in its order. */
function idsOf(lists: unknown): string[] {
  const { IN_PROGRESS, QUEUED, inProgressJobs, queuedJobs } = lists as Record<string, { jobId: string }[] | undefined>;
  return [...(IN_PROGRESS ?? inProgressJobs ?? []), ...(QUEUED ?? queuedJobs ?? [])].map((summary) => summary.jobId);
}
