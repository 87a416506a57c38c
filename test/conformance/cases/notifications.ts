/** `notify` and `notify-next`: what they say, and when they are silent. */
import type { JsonObject } from '../../../agent/core/json.ts';
import { anywhere, type ConformanceCase } from '../case.ts';
import { pendingJobIds } from '../device.ts';
import { expectEqual, expectLike, expectMembers, secondsOfToday } from '../expectation.ts';
import type { Device } from '../target.ts';

export const NOTIFICATIONS: readonly ConformanceCase[] = [
  anywhere(
    'a job queued into an empty list is told on both topics',
    'notify/first-queued notify/shape notify-next/shape topic/notifications state-machine/queued',
    async (target) => {
      const device = await target.device();
      const jobId = await target.createJob([device], { document: '{"operation":"x"}' });
      const listed = await device.notified('notify');
      expectLike('notify', listed, { timestamp: secondsOfToday, jobs: { QUEUED: [{ jobId, versionNumber: 1 }] } });
      expectMembers('jobs', listed.jobs, ['QUEUED']);
      const next = await device.notified('notify-next');
      expectLike('notify-next', next, {
        timestamp: secondsOfToday,
        execution: { jobId, status: 'QUEUED', versionNumber: 1, jobDocument: { operation: 'x' } },
      });
    },
  ),

  anywhere('a job queued behind another is told on notify only', 'notify/behind', async (target) => {
    const device = await target.device();
    const first = await device.queue();
    await device.notified('notify-next');
    const second = await device.queue();
    await device.accepted(`${first}/update`, { status: 'SUCCEEDED' });
    // Had the second been told on notify-next when it was queued, this would be that message.
    expectEqual('the next on notify-next', nextJobId(await device.notified('notify-next')), second);
    expectEqual('further ones', unreadOn(device, 'notify-next'), []);
  }),

  anywhere(
    'the first in line that is started is told on neither; its end on both, with nothing left',
    'notify/head-started notify/head-ended notify/shape notify-next/shape',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      await device.notified('notify-next');
      device.forget();
      await device.accepted('start-next');
      await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
      const listed = await device.notified('notify');
      expectEqual('the first on notify', listed.jobs, {});
      expectMembers('the first on notify-next', await device.notified('notify-next'), ['timestamp']);
    },
  ),

  anywhere(
    'the first in line that is started by an update is told on neither',
    'notify/head-started',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      await device.notified('notify-next');
      device.forget();
      await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS' });
      await device.accepted(`${jobId}/update`, { status: 'FAILED' });
      expectEqual('the first on notify', (await device.notified('notify')).jobs, {});
    },
  ),

  anywhere(
    'another that is started and becomes first is told on notify-next only',
    'notify/other-started-first',
    async (target) => {
      const device = await target.device();
      await device.queue();
      const second = await device.queue();
      await device.notified('notify-next');
      device.forget();
      await device.accepted(`${second}/update`, { status: 'IN_PROGRESS' });
      const { execution } = await device.notified('notify-next');
      expectLike('notify-next', execution, { jobId: second, status: 'IN_PROGRESS', versionNumber: 2 });
      const third = await device.queue();
      expectEqual('notify since', unreadOn(device, 'notify').length, 0);
      await device.accepted(`${third}/update`, { status: 'REJECTED' });
    },
  ),

  anywhere(
    'another that is started behind one that runs is told on neither',
    'notify/other-started-behind',
    async (target) => {
      const device = await target.device();
      const [first, second] = [await device.queue(), await device.queue()];
      await device.notified('notify-next');
      await device.accepted(`${first}/update`, { status: 'IN_PROGRESS' });
      device.forget();
      await device.accepted(`${second}/update`, { status: 'IN_PROGRESS' });
      await device.accepted(`${first}/update`, { status: 'SUCCEEDED' });
      expectEqual('the first on notify-next', nextJobId(await device.notified('notify-next')), second);
      expectEqual('the first on notify', pendingJobIds(await device.notified('notify')), [second]);
      expectEqual('notify since', unreadOn(device, 'notify').length, 0);
    },
  ),

  anywhere('progress is told on neither', 'notify/progress', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.notified('notify-next');
    device.forget();
    const update = { status: 'IN_PROGRESS', statusDetails: { step: 'two' }, stepTimeoutInMinutes: 5 };
    await device.accepted('start-next', { statusDetails: { step: 'one' } });
    await device.accepted(`${jobId}/update`, update);
    await device.accepted(`${jobId}/update`, { ...update, stepTimeoutInMinutes: -1 });
    await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
    expectEqual('the first on notify', (await device.notified('notify')).jobs, {});
    expectMembers('the first on notify-next', await device.notified('notify-next'), ['timestamp']);
  }),

  anywhere('another that ends is told on notify only', 'notify/other-ended', async (target) => {
    const device = await target.device();
    const [first, second] = [await device.queue(), await device.queue()];
    await device.notified('notify-next');
    await device.accepted(`${second}/update`, { status: 'REJECTED' });
    expectEqual('notify', pendingJobIds(await device.notified('notify')), [first]);
    await device.accepted(`${first}/update`, { status: 'REJECTED' });
    expectMembers('the first on notify-next', await device.notified('notify-next'), ['timestamp']);
  }),

  anywhere('refusals, reads and a job handed out again are told on neither', 'notify/refusals', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.notified('notify-next');
    await device.accepted('start-next');
    device.forget();
    await device.accepted('start-next');
    await device.accepted('get');
    await device.accepted('$next/get');
    await device.rejected(`${jobId}/update`, { status: 'QUEUED' }, 'InvalidStateTransition');
    await device.rejected(`${jobId}/update`, { status: 'FAILED', expectedVersion: 9 }, 'VersionMismatch');
    await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
    expectEqual('the first on notify', (await device.notified('notify')).jobs, {});
    expectMembers('the first on notify-next', await device.notified('notify-next'), ['timestamp']);
  }),

  anywhere(
    'a cancellation by an operator is told like an end, and has no message of its own',
    'notify/control-plane notify/cancel-silent state-machine/cancel-queued',
    async (target) => {
      const device = await target.device();
      const [first, second] = [await device.queue(), await device.queue()];
      await device.notified('notify-next');
      device.forget();
      await target.iot.cancelJobExecution({ jobId: first, thingName: device.thingName });
      expectEqual('notify', pendingJobIds(await device.notified('notify')), [second]);
      expectEqual('notify-next', nextJobId(await device.notified('notify-next')), second);
      expectEqual('further ones', device.unread(), []);
    },
  ),
];

function nextJobId({ execution }: JsonObject): unknown {
  return (execution as JsonObject | undefined)?.jobId;
}

function unreadOn(device: Device, name: string) {
  return device.unread().filter(({ topic }) => topic === name);
}
