/** Timers of a job and of its steps: with a clock that is turned, but for their ranges. */
import { anywhere, type ConformanceCase, withClock } from '../case.ts';
import { pendingJobIds } from '../device.ts';
import { expectEqual, expectLike, type Predicate } from '../expectation.ts';
import type { ConformanceTarget, Device } from '../target.ts';

const timeoutConfig = (inProgressTimeoutInMinutes: number) => ({ timeoutConfig: { inProgressTimeoutInMinutes } });

export const TIMERS: readonly ConformanceCase[] = [
  anywhere(
    '1 and 10,080 minutes are taken for a step, others are InvalidRequest',
    'timer/range timer/bad-range',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      const update = (stepTimeoutInMinutes: unknown) => {
        return { status: 'IN_PROGRESS', stepTimeoutInMinutes } as { status: string; stepTimeoutInMinutes: number };
      };
      for (const minutes of [1, 10_080, -1]) await device.accepted(`${jobId}/update`, update(minutes));
      for (const minutes of [0, -2, 10_081, 1.5, 'soon']) {
        await device.rejected(`${jobId}/update`, update(minutes), 'InvalidRequest');
      }
    },
  ),

  anywhere(
    'the seconds that are left are told while a timer runs, and only then',
    'timer/seconds-left timer/queued-no-seconds timer/in-progress timer/terminal-no-seconds',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue(timeoutConfig(10));
      expectEqual('QUEUED', await secondsLeft(device, jobId), undefined);
      await device.accepted('start-next');
      expectLike('IN_PROGRESS', await secondsLeft(device, jobId), between(590, 600));
      await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
      const { execution } = await target.iot.describeJobExecution({ jobId, thingName: device.thingName });
      expectEqual('SUCCEEDED', execution?.approximateSecondsBeforeTimedOut, undefined);
    },
  ),

  anywhere(
    'a step timer replaces the one before, and -1 discards it',
    'timer/step-replaces update/step-timer timer/update-keeps-step',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      const update = async (members: { readonly stepTimeoutInMinutes?: number }) => {
        await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', ...members });
        return secondsLeft(device, jobId);
      };
      expectLike('10 minutes', await update({ stepTimeoutInMinutes: 10 }), between(590, 600));
      expectLike('without', await update({}), between(580, 600));
      expectLike('20 minutes', await update({ stepTimeoutInMinutes: 20 }), between(1190, 1200));
      expectEqual('discarded', await update({ stepTimeoutInMinutes: -1 }), undefined);
    },
  ),

  anywhere('the earlier of both timers is told', 'timer/earlier', async (target) => {
    const device = await target.device();
    const jobId = await device.queue(timeoutConfig(10));
    await device.accepted('start-next', { stepTimeoutInMinutes: 60 });
    expectLike('the bound of the job', await secondsLeft(device, jobId), between(590, 600));
    await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', stepTimeoutInMinutes: 5 });
    expectLike('the step', await secondsLeft(device, jobId), between(290, 300));
  }),

  anywhere('one that is handed out again keeps its step timer', 'start-next/running-step-timer', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.accepted('start-next', { stepTimeoutInMinutes: 10 });
    await device.accepted('start-next', { stepTimeoutInMinutes: 60 });
    expectLike('seconds', await secondsLeft(device, jobId), between(580, 600));
  }),

  withClock(
    'at its end the execution is TIMED_OUT, told, and one version further',
    'timer/expiry timer/late state-machine/timed-out version/service-changes',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue(timeoutConfig(1));
      await device.accepted('start-next');
      await device.notified('notify-next');
      await target.pass?.(60);
      expectEqual('notify', pendingJobIds(await device.notified('notify')), []);
      expectLike('the execution', await described(target, device, jobId), { status: 'TIMED_OUT', versionNumber: 3 });
      await device.rejected(`${jobId}/update`, { status: 'SUCCEEDED' }, 'InvalidStateTransition');
    },
  ),

  withClock('further updates do not restart the bound of the job', 'timer/not-restarted', async (target) => {
    const device = await target.device();
    const jobId = await device.queue(timeoutConfig(2));
    await device.accepted('start-next');
    await target.pass?.(90);
    await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS' });
    await target.pass?.(31);
    expectLike('the execution', await described(target, device, jobId), { status: 'TIMED_OUT' });
  }),

  withClock(
    'the example of the guide: 20 minutes from 12:00, a step of 9 from 12:13, ends at 12:20',
    'timer/earlier',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue(timeoutConfig(20));
      await device.accepted('start-next');
      await target.pass?.(13 * 60);
      await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', stepTimeoutInMinutes: 9 });
      await target.pass?.(7 * 60 - 5);
      expectLike('before 12:20', await described(target, device, jobId), { status: 'IN_PROGRESS' });
      await target.pass?.(5);
      expectLike('at 12:20', await described(target, device, jobId), { status: 'TIMED_OUT' });
    },
  ),

  withClock('what is QUEUED never times out', 'state-machine/queued-no-timer', async (target) => {
    const device = await target.device();
    const jobId = await device.queue(timeoutConfig(1));
    await target.pass?.(8 * 24 * 3_600);
    expectLike('the execution', await described(target, device, jobId), { status: 'QUEUED', versionNumber: 1 });
  }),

  withClock('what has ended stays as it ended', 'timer/ends-with-terminal', async (target) => {
    const device = await target.device();
    const jobId = await device.queue(timeoutConfig(1));
    await device.accepted('start-next', { stepTimeoutInMinutes: 1 });
    await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
    await target.pass?.(600);
    expectLike('the execution', await described(target, device, jobId), { status: 'SUCCEEDED', versionNumber: 3 });
  }),
];

function between(least: number, most: number): Predicate {
  const fits = (value: unknown) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
  return Object.defineProperty(fits, 'name', { value: `${least} to ${most}` });
}

async function secondsLeft(device: Device, jobId: string): Promise<unknown> {
  const { execution } = await device.accepted(`${jobId}/get`);
  return (execution as { approximateSecondsBeforeTimedOut?: unknown }).approximateSecondsBeforeTimedOut;
}

async function described(target: ConformanceTarget, { thingName }: Device, jobId: string): Promise<unknown> {
  return (await target.iot.describeJobExecution({ jobId, thingName })).execution;
}
