/** Jobs over their life: targets that come and go, retries, roll-outs, aborts, schedules. */
import { anywhere, type ConformanceCase, withClock } from '../case.ts';
import { pendingJobIds } from '../device.ts';
import { dateOfToday, expectEqual, expectLike, expectRefused } from '../expectation.ts';
import type { ConformanceTarget, Device, NewJob } from '../target.ts';

const RETRY_ONCE: NewJob = {
  jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 1 }] },
};
const MINUTE = 60;

export const JOB_LIFE: readonly ConformanceCase[] = [
  anywhere(
    'a CONTINUOUS job of a group runs on a thing that joins it, and is taken from one that leaves',
    'job/continuous-joins job/continuous-leaves state-machine/removed',
    async (target) => {
      const [device, group] = [await target.device(), await makeGroup(target)];
      const jobId = await target.createJob([], { targets: [group.arn], targetSelection: 'CONTINUOUS' });
      await group.add(device);
      await device.notified('notify', (message) => pendingJobIds(message).includes(jobId));
      await group.remove(device);
      await device.notified('notify', (message) => pendingJobIds(message).length === 0);
      const { execution } = await target.iot.describeJobExecution({ jobId, thingName: device.thingName });
      expectLike('the execution', execution, { status: 'REMOVED' });
    },
  ),

  anywhere('a SNAPSHOT job of a group is for the things it has', 'job/selection-default', async (target) => {
    const [inside, later, group] = [await target.device(), await target.device(), await makeGroup(target)];
    await group.add(inside);
    const jobId = await target.createJob([], { targets: [group.arn] });
    await inside.notified('notify', (message) => pendingJobIds(message).includes(jobId));
    await group.add(later);
    const other = await later.queue();
    expectLike('the later', await later.accepted('get'), { queuedJobs: [{ jobId: other }] });
  }),

  anywhere(
    'AssociateTargetsWithJob adds a thing to a CONTINUOUS job, and refuses a SNAPSHOT one',
    'control/associate control/associate-snapshot',
    async (target) => {
      const [first, second] = [await target.device(), await target.device()];
      const jobId = await first.queue({ targetSelection: 'CONTINUOUS' });
      const answer = await target.iot.associateTargetsWithJob({ jobId, targets: [second.thingArn] });
      expectLike('the answer', answer, { jobId });
      await second.notified('notify', (message) => pendingJobIds(message).includes(jobId));
      const snapshot = await first.queue();
      const refused = target.iot.associateTargetsWithJob({ jobId: snapshot, targets: [second.thingArn] });
      await expectRefused('a SNAPSHOT job', refused, 'InvalidRequestException', 400);
    },
  ),

  anywhere(
    'a failed execution is retried as a new one, and again no more',
    'job/retry job/retry-attempt job/retry-execution version/retry state-machine/retryable',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue(RETRY_ONCE);
      await device.accepted(`${jobId}/update`, { status: 'FAILED' });
      const isRetry = ({ execution }: { readonly [name: string]: unknown }) => Object(execution).executionNumber === 2;
      const { execution } = await device.notified('notify-next', isRetry);
      expectLike('the retry', execution, { jobId, status: 'QUEUED', versionNumber: 1 });
      const list = () => target.iot.listJobExecutionsForThing({ thingName: device.thingName, jobId });
      const second = (await list()).executionSummaries?.find((one) => one.jobExecutionSummary?.executionNumber === 2);
      expectLike('its summary', second?.jobExecutionSummary, { status: 'QUEUED', retryAttempt: 1 });
      await device.accepted(`${jobId}/update`, { status: 'FAILED' });
      const { job } = await target.iot.describeJob({ jobId });
      expectLike('the job', job, { status: 'COMPLETED' });
      expectEqual('executions', (await list()).executionSummaries?.length, 2);
    },
  ),

  anywhere('a rejected execution is not retried', 'job/retry-rejected state-machine/retryable', async (target) => {
    const device = await target.device();
    const jobId = await device.queue({
      jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'ALL', numberOfRetries: 3 }] },
    });
    await device.accepted(`${jobId}/update`, { status: 'REJECTED' });
    expectLike('the job', (await target.iot.describeJob({ jobId })).job, { status: 'COMPLETED' });
    expectLike('the list', await device.accepted('get'), { queuedJobs: [], inProgressJobs: [] });
  }),

  anywhere(
    'an abort cancels what is QUEUED, and what runs goes on',
    'job/abort job/abort-minimum job/abort-words',
    async (target) => {
      const [failing, running, waiting] = [await target.device(), await target.device(), await target.device()];
      const criterion = {
        failureType: 'FAILED',
        action: 'CANCEL',
        thresholdPercentage: 30,
        minNumberOfExecutedThings: 1,
      };
      const jobId = await target.createJob([failing, running, waiting], {
        abortConfig: { criteriaList: [criterion as never] },
      });
      for (const device of [failing, running, waiting]) await device.notified('notify-next');
      await running.accepted(`${jobId}/update`, { status: 'IN_PROGRESS' });
      await failing.accepted(`${jobId}/update`, { status: 'FAILED' });
      await waiting.notified('notify', (message) => pendingJobIds(message).length === 0);
      expectLike('the running', await running.accepted(`${jobId}/get`), { execution: { status: 'IN_PROGRESS' } });
      const filled = (text: unknown) => typeof text === 'string' && text !== '';
      expectLike('the job', (await target.iot.describeJob({ jobId })).job, {
        status: 'CANCELED',
        comment: filled,
        reasonCode: filled,
      });
    },
  ),

  anywhere(
    'UpdateJob changes what it names; of retries only to none',
    'control/update job/retry-zero',
    async (target) => {
      const jobId = await target.createJob([await target.thing()], { ...RETRY_ONCE, description: 'before' });
      await target.iot.updateJob({ jobId, description: 'after', timeoutConfig: { inProgressTimeoutInMinutes: 5 } });
      expectLike('the job', (await target.iot.describeJob({ jobId })).job, {
        description: 'after',
        timeoutConfig: { inProgressTimeoutInMinutes: 5 },
      });
      const retries = (numberOfRetries: number) =>
        target.iot.updateJob({
          jobId,
          jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries }] },
        });
      await expectRefused('two retries', retries(2), 'InvalidRequestException', 400);
      await retries(0);
    },
  ),

  anywhere('a changed time-out is for executions that start later', 'timer/in-progress-fixed', async (target) => {
    const [running, later] = [await target.device(), await target.device()];
    const jobId = await target.createJob([running, later], { timeoutConfig: { inProgressTimeoutInMinutes: 10 } });
    for (const device of [running, later]) await device.notified('notify-next');
    await running.accepted('start-next');
    await target.iot.updateJob({ jobId, timeoutConfig: { inProgressTimeoutInMinutes: 60 } });
    const started = await later.accepted('start-next');
    const more = (least: number, most: number) => (left: unknown) => Number(left) > least && Number(left) <= most;
    expectLike('the later', started.execution, { approximateSecondsBeforeTimedOut: more(3_500, 3_600) });
    const { execution } = await running.accepted(`${jobId}/get`);
    expectLike('the running', execution, { approximateSecondsBeforeTimedOut: more(500, 600) });
  }),

  anywhere('ListJobs and ListJobExecutionsForJob filter', 'control/list-jobs control/list-for-job', async (target) => {
    const [device, other] = [await target.device(), await target.device()];
    const jobId = await target.createJob([device, other]);
    for (const one of [device, other]) await one.notified('notify-next');
    await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
    const { executionSummaries } = await target.iot.listJobExecutionsForJob({ jobId, status: 'QUEUED' });
    expectLike('the queued', executionSummaries, [
      { thingArn: other.thingArn, jobExecutionSummary: { status: 'QUEUED', queuedAt: dateOfToday } },
    ]);
    const listed = async (members: Parameters<typeof target.iot.listJobs>[0]) =>
      (await target.iot.listJobs({ maxResults: 250, ...members })).jobs?.some((job) => job.jobId === jobId);
    expectEqual('IN_PROGRESS', await listed({ status: 'IN_PROGRESS', targetSelection: 'SNAPSHOT' }), true);
    expectEqual('COMPLETED', await listed({ status: 'COMPLETED' }), false);
    expectEqual('CONTINUOUS', await listed({ targetSelection: 'CONTINUOUS' }), false);
  }),

  anywhere(
    'DeleteJob refuses a job that is not over, and DeleteJobExecution one that runs',
    'control/delete control/delete-execution control/delete-execution-number',
    async (target) => {
      const device = await target.device();
      const { thingName } = device;
      const jobId = await device.queue();
      const conflict = ['InvalidStateTransitionException', 409] as const;
      await expectRefused('DeleteJob', target.iot.deleteJob({ jobId }), ...conflict);
      await device.accepted('start-next');
      const remove = (members: object) =>
        target.iot.deleteJobExecution({ jobId, thingName, executionNumber: 1, ...members });
      await expectRefused('DeleteJobExecution', remove({}), ...conflict);
      await remove({ force: true });
      await device.rejected(`${jobId}/update`, { status: 'SUCCEEDED' }, 'ResourceNotFound');
    },
  ),

  anywhere('DescribeEndpoint names both addresses', 'control/endpoint', async (target) => {
    for (const endpointType of ['iot:Jobs', 'iot:Data-ATS']) {
      const { endpointAddress } = await target.iot.describeEndpoint({ endpointType });
      expectLike(endpointType, endpointAddress, (text: unknown) => /^[\w.-]+(:\d+)?$/.test(String(text)));
    }
  }),

  anywhere(
    'a job template makes jobs, and is taken once',
    'control/templates control/create-one-source',
    async (target) => {
      const jobTemplateId = target.freshName('template');
      const create = (document: string) =>
        target.iot.createJobTemplate({ jobTemplateId, description: 'of a test', document });
      const { jobTemplateArn = '' } = await create('{"operation":"x"}');
      target.onClose(() => target.iot.deleteJobTemplate({ jobTemplateId }));
      await expectRefused('the second', create('{"operation":"y"}'), 'ConflictException', 409);
      const device = await target.device();
      await device.queue({ jobTemplateArn });
      const { execution } = await device.accepted('$next/get');
      expectLike('its document', execution, { jobDocument: { operation: 'x' } });
    },
  ),

  anywhere(
    'a managed template’s parameters are in the document',
    'control/managed-templates substitution/parameter',
    async (target) => {
      const { templateArn = '' } = await target.iot.describeManagedJobTemplate({ templateName: 'AWS-Run-Command' });
      const device = await target.device();
      await device.queue({ jobTemplateArn: templateArn, documentParameters: { command: 'echo,hi' } });
      const { execution } = await device.accepted('$next/get');
      const [step] = Object(execution).jobDocument.steps;
      expectLike('its step', step, {
        action: { name: 'Run-Command', type: 'runCommand', input: { command: 'echo,hi' } },
      });
    },
  ),

  withClock(
    'maximumPerMinute bounds how many things are notified in a minute',
    'job/rollout-maximum',
    async (target) => {
      const devices = [await target.device(), await target.device(), await target.device()];
      const jobId = await target.createJob(devices, { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } });
      const reached = async () => {
        const { executionSummaries } = await target.iot.listJobExecutionsForJob({ jobId });
        return executionSummaries?.length;
      };
      expectEqual('at once', await reached(), 1);
      await target.pass?.(MINUTE);
      expectEqual('after a minute', await reached(), 2);
      await target.pass?.(MINUTE);
      expectEqual('after two', await reached(), 3);
    },
  ),

  withClock('a job with a startTime is SCHEDULED until then', 'job/scheduled job/statuses', async (target) => {
    const device = await target.device();
    // Whole minutes, by the clock of the target, which runs ahead of ours.
    const now = await timeOf(device);
    const startTime = minutesLater(now, 60);
    const jobId = await target.createJob([device], { schedulingConfig: { startTime } });
    expectLike('the job', (await target.iot.describeJob({ jobId })).job, { status: 'SCHEDULED' });
    expectLike('the list', await device.accepted('get'), { queuedJobs: [] });
    await target.pass?.(61 * MINUTE);
    await device.notified('notify', (message) => pendingJobIds(message).includes(jobId));
    expectLike('the job', (await target.iot.describeJob({ jobId })).job, { status: 'IN_PROGRESS' });
  }),

  withClock('at endTime FORCE_CANCEL ends what runs', 'job/end-behavior', async (target) => {
    const device = await target.device();
    const now = await timeOf(device);
    const schedulingConfig = {
      startTime: minutesLater(now, 60),
      endTime: minutesLater(now, 120),
      endBehavior: 'FORCE_CANCEL' as const,
    };
    const jobId = await target.createJob([device], { schedulingConfig });
    await target.pass?.(61 * MINUTE);
    await device.notified('notify', (message) => pendingJobIds(message).includes(jobId));
    await device.accepted('start-next');
    await target.pass?.(60 * MINUTE);
    await device.notified('notify', (message) => pendingJobIds(message).length === 0);
    await device.rejected(`${jobId}/update`, { status: 'SUCCEEDED' }, 'InvalidStateTransition');
  }),
];

interface TestGroup {
  readonly arn: string;
  add(device: Device): Promise<void>;
  remove(device: Device): Promise<void>;
}

async function makeGroup({ iot, freshName, onClose }: ConformanceTarget): Promise<TestGroup> {
  const thingGroupName = freshName('group');
  const { thingGroupArn = '' } = await iot.createThingGroup({ thingGroupName });
  onClose(() => iot.deleteThingGroup({ thingGroupName }));
  return {
    arn: thingGroupArn,
    add: async ({ thingName }) => {
      await iot.addThingToThingGroup({ thingGroupName, thingName });
    },
    remove: async ({ thingName }) => {
      await iot.removeThingFromThingGroup({ thingGroupName, thingName });
    },
  };
}

/** The target's own time, in milliseconds. */
async function timeOf(device: Device): Promise<number> {
  const { timestamp } = await device.accepted('get');
  return Number(timestamp) * 1_000;
}

/** As AWS writes it, `YYYY-MM-DD HH:MM`. */
function minutesLater(fromMs: number, minutes: number): string {
  return new Date(fromMs + minutes * MINUTE * 1_000).toISOString().slice(0, 16).replace('T', ' ');
}
