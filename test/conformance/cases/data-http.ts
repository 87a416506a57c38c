/** The device's operations over HTTP, signed. */
import type { IoTJobsDataPlane } from '@aws-sdk/client-iot-jobs-data-plane';
import { anywhere, type ConformanceCase } from '../case.ts';
import { Difference, expectEqual, expectLike, expectMembers, expectRefused, secondsOfToday } from '../expectation.ts';
import type { ConformanceTarget } from '../target.ts';

export const DATA_HTTP: readonly ConformanceCase[] = [
  anywhere(
    'GetPendingJobExecutions gives both lists, and neither token nor time',
    'data-http/pending data-http/no-token data-http/seconds',
    async (target) => {
      const device = await target.device();
      const { thingName } = device;
      const jobId = await device.queue();
      const answer = withoutMetadata(await dataOf(target).getPendingJobExecutions({ thingName }));
      expectMembers('the answer', answer, ['inProgressJobs', 'queuedJobs']);
      expectLike('the answer', answer, {
        inProgressJobs: [],
        queuedJobs: [{ jobId, queuedAt: secondsOfToday, lastUpdatedAt: secondsOfToday, versionNumber: 1 }],
      });
    },
  ),

  anywhere(
    'StartNextPendingJobExecution starts the first in line; its document is a string',
    'data-http/start-next job-execution/document-string',
    async (target) => {
      const device = await target.device();
      const { thingName } = device;
      const data = dataOf(target);
      expectMembers('with nothing', withoutMetadata(await data.startNextPendingJobExecution({ thingName })), []);
      const jobId = await device.queue({ document: '{"operation":"x"}' });
      const { execution } = await data.startNextPendingJobExecution({ thingName, statusDetails: { step: 'one' } });
      expectLike('the execution', execution, {
        jobId,
        status: 'IN_PROGRESS',
        statusDetails: { step: 'one' },
        versionNumber: 2,
        jobDocument: '{"operation":"x"}',
      });
    },
  ),

  anywhere(
    'DescribeJobExecution takes $next, and leaves the document out when asked',
    'data-http/describe http/encoded http/booleans',
    async (target) => {
      const device = await target.device();
      const { thingName } = device;
      const jobId = await device.queue();
      const describe = (members: { readonly jobId: string; readonly includeJobDocument?: boolean }) =>
        dataOf(target).describeJobExecution({ thingName, ...members });
      expectLike('$next', (await describe({ jobId: '$next' })).execution, { jobId, jobDocument: '{"operation":"x"}' });
      const without = await describe({ jobId, includeJobDocument: false });
      expectLike('without', without.execution, { jobId, status: 'QUEUED', jobDocument: undefined });
    },
  ),

  anywhere(
    'UpdateJobExecution has the members it has over MQTT, and is told there',
    'data-http/update notify/data-http',
    async (target) => {
      const device = await target.device();
      const { thingName } = device;
      const jobId = await device.queue({ document: '{"operation":"x"}' });
      await device.notified('notify-next');
      const update = (members: object) =>
        dataOf(target).updateJobExecution({ thingName, jobId, status: 'IN_PROGRESS', ...members });
      expectMembers('the plain answer', withoutMetadata(await update({})), []);
      const full = await update({
        statusDetails: { step: 'two' },
        expectedVersion: 2,
        executionNumber: 1,
        stepTimeoutInMinutes: 5,
        includeJobExecutionState: true,
        includeJobDocument: true,
      });
      expectLike('the full answer', full, {
        executionState: { status: 'IN_PROGRESS', statusDetails: { step: 'two' }, versionNumber: 3 },
        jobDocument: '{"operation":"x"}',
      });
      device.forget();
      await update({ status: 'SUCCEEDED' });
      expectEqual('notify', (await device.notified('notify')).jobs, {});
      expectMembers('notify-next', await device.notified('notify-next'), ['timestamp']);
    },
  ),

  anywhere(
    'its refusals have AWS’s names and statuses',
    'http-error/invalid-request http-error/not-found http-error/invalid-transition http-error/terminal',
    async (target) => {
      const device = await target.device();
      const { thingName } = device;
      const data = dataOf(target);
      const jobId = await device.queue();
      const bad = data.updateJobExecution({ thingName, jobId, status: 'IN_PROGRESS', statusDetails: { 'a b': 'c' } });
      await expectRefused('a bad key', bad, 'InvalidRequestException', 400);
      const none = target.freshName('none');
      await expectRefused(
        'no job',
        data.describeJobExecution({ thingName, jobId: none }),
        'ResourceNotFoundException',
        404,
      );
      await data.updateJobExecution({ thingName, jobId, status: 'SUCCEEDED' });
      const again = data.updateJobExecution({ thingName, jobId, status: 'FAILED' });
      await expectRefused('an ended one', again, 'InvalidStateTransitionException', 409);
      await expectRefused(
        'an ended one',
        data.describeJobExecution({ thingName, jobId }),
        'TerminalStateException',
        410,
      );
    },
  ),

  anywhere('another version than expected is InvalidStateTransitionException', 'http-error/version', async (target) => {
    const device = await target.device();
    const { thingName } = device;
    const jobId = await device.queue();
    const update = dataOf(target).updateJobExecution({ thingName, jobId, status: 'IN_PROGRESS', expectedVersion: 9 });
    await expectRefused('version 9', update, 'InvalidStateTransitionException', 409);
  }),

  anywhere('one path is two operations, told apart by the signature', 'http/planes', async (target) => {
    const device = await target.device();
    const { thingName } = device;
    const jobId = await device.queue();
    const control = await target.iot.describeJobExecution({ thingName, jobId });
    const data = await dataOf(target).describeJobExecution({ thingName, jobId });
    expectLike('of the control plane', control.execution, { thingArn: device.thingArn, jobDocument: undefined });
    expectLike('of the device', data.execution, { jobId, jobDocument: '{"operation":"x"}' });
  }),
];

function dataOf({ data }: ConformanceTarget): IoTJobsDataPlane {
  if (data === null) throw new Difference('iot-jobs-data over HTTP', 'served', 'not served');
  return data;
}

function withoutMetadata(answer: object): object {
  const members = Object.entries(answer).filter(([name, value]) => name !== '$metadata' && value !== undefined);
  return Object.fromEntries(members);
}
