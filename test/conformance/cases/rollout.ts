/** How a job reaches its things over time: rates, maintenance windows, retries, and what was asked of a device meanwhile. */
import { type ConformanceCase, withClock } from '../case.ts';
import { pendingJobIds } from '../device.ts';
import { expectEqual, expectLike } from '../expectation.ts';
import type { ConformanceTarget, Device, NewJob } from '../target.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

export const ROLLOUT: readonly ConformanceCase[] = [
  withClock(
    'exponentialRate grows by its factor when enough things are notified',
    'job/rollout-exponential',
    async (target) => {
      const things = [];
      for (let count = 0; count < 7; count++) things.push(await target.thing());
      const jobId = await target.createJob(things, {
        jobExecutionsRolloutConfig: {
          maximumPerMinute: 100,
          exponentialRate: {
            baseRatePerMinute: 1,
            incrementFactor: 2,
            rateIncreaseCriteria: { numberOfNotifiedThings: 1 },
          },
        },
      });
      const reached: (number | undefined)[] = [];
      for (let minute = 0; minute < 3; minute++) {
        reached.push((await target.iot.listJobExecutionsForJob({ jobId })).executionSummaries?.length);
        await target.pass?.(MINUTE);
      }
      expectEqual('by the minute', reached, [1, 3, 7]);
    },
  ),

  withClock(
    'a job is concurrent while it is rolled out, and without a rate reaches its things at once',
    'job/concurrent',
    async (target) => {
      const things = [await target.thing(), await target.thing()];
      const slow = await target.createJob(things, { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } });
      const isConcurrent = async () => (await target.iot.describeJob({ jobId: slow })).job?.isConcurrent;
      expectEqual('at once', await isConcurrent(), true);
      await target.pass?.(MINUTE);
      expectEqual('when all are reached', await isConcurrent(), false);
      const jobId = await target.createJob(things);
      const { job } = await target.iot.describeJob({ jobId });
      expectLike('a job that names no rate', job?.jobProcessDetails, { numberOfQueuedThings: 2 });
    },
  ),

  withClock('outside a maintenance window a job makes nothing, inside it does', 'job/maintenance', async (target) => {
    const device = await target.device();
    const now = await timeOf(device);
    const opens = new Date(now + 3 * HOUR * 1_000);
    const jobId = await target.createJob([device], {
      schedulingConfig: {
        startTime: written(now + HOUR * 1_000),
        endTime: written(now + 80 * HOUR * 1_000),
        endBehavior: 'CANCEL',
        maintenanceWindows: [
          { startTime: `cron(${opens.getUTCMinutes()} ${opens.getUTCHours()} * * ? *)`, durationInMinutes: 60 },
        ],
      },
    });
    await target.pass?.(2 * HOUR);
    expectLike('before it', await device.accepted('get'), { queuedJobs: [] });
    await target.pass?.(HOUR + MINUTE);
    await device.notified('notify', (message) => pendingJobIds(message).includes(jobId));
    expectLike('inside', await device.accepted('get'), { queuedJobs: [{ jobId }] });
  }),

  withClock('a retry does not wait', 'job/retry-delay', async (target) => {
    const device = await target.device();
    const jobId = await device.queue(retries('TIMED_OUT', 1, { timeoutConfig: { inProgressTimeoutInMinutes: 1 } }));
    await device.accepted('start-next');
    await target.pass?.(MINUTE);
    expectLike('the list', await device.accepted('get'), {
      queuedJobs: [{ jobId, executionNumber: 2, versionNumber: 1 }],
    });
  }),

  withClock(
    'a thing that leaves a group and joins it again has all its retries again',
    'job/retry-reset',
    async (target) => {
      const [device, thingGroupName] = [await target.device(), target.freshName('group')];
      const { thingName } = device;
      const { thingGroupArn = '' } = await target.iot.createThingGroup({ thingGroupName });
      await target.iot.addThingToThingGroup({ thingGroupName, thingName });
      const members = { targets: [thingGroupArn], targetSelection: 'CONTINUOUS' as const };
      const jobId = await target.createJob([], retries('FAILED', 1, members));
      await failUntilSilent(device, jobId);
      await target.iot.removeThingFromThingGroup({ thingGroupName, thingName });
      await target.iot.addThingToThingGroup({ thingGroupName, thingName });
      await failUntilSilent(device, jobId);
      expectEqual('executions', await executionsOf(target, { thingName, jobId }), 4);
    },
  ),

  withClock(
    'a job that is rolled out slowly is cancelled for things it has not reached',
    'control/cancel',
    async (target) => {
      const [first, second] = [await target.device(), await target.device()];
      const jobId = await target.createJob([first, second], { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } });
      await target.iot.cancelJob({ jobId });
      await target.pass?.(5 * MINUTE);
      for (const device of [first, second]) expectLike('the list', await device.accepted('get'), { queuedJobs: [] });
    },
  ),
];

function retries(failureType: 'FAILED' | 'TIMED_OUT', numberOfRetries: number, members: NewJob): NewJob {
  return { ...members, jobExecutionsRetryConfig: { criteriaList: [{ failureType, numberOfRetries }] } };
}

async function failUntilSilent(device: Device, jobId: string): Promise<void> {
  for (;;) {
    const { execution } = await device.accepted('start-next');
    if (execution === undefined) return;
    await device.accepted(`${jobId}/update`, { status: 'FAILED' });
  }
}

async function executionsOf(
  { iot }: ConformanceTarget,
  of: { readonly thingName: string; readonly jobId: string },
): Promise<number | undefined> {
  return (await iot.listJobExecutionsForThing(of)).executionSummaries?.length;
}

/** The target's own time, in milliseconds. */
async function timeOf(device: Device): Promise<number> {
  return Number((await device.accepted('get')).timestamp) * 1_000;
}

/** As AWS writes it, `YYYY-MM-DD HH:MM`. */
function written(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}
